using System.Text;
using System.Text.Json.Nodes;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Gateway.Approvals;
using Cairn.Gateway.Tests.Harness;
using Cairn.HttpGateway.Configuration;
using Cairn.Identity;
using Cairn.Sdk;

// The tests check Unix modes and signals; the code itself also runs on Windows.
[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]

namespace Cairn.HttpGateway.Tests.Harness;

/// <summary>A gateway on loopback with a real emitter, before whatever servers the test gives it.</summary>
internal sealed class GatewayBench : IAsyncDisposable
{
    public const string Token = "planted-secret-token-of-the-tester-4711";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly LocalAuthority _authority;
    private Emitter _emitter = null!;

    private GatewayBench()
    {
        _authority = LocalAuthority.Create(Path.Combine(Folder, "ca"), "test.local");
        Desk = ApprovalDesk.Open(Folder, log: Log);
    }

    public string Folder { get; } = TestPaths.Scratch();

    public RecordingLedger Ledger { get; } = new();

    public StringWriter Log { get; } = new();

    public ApprovalDesk Desk { get; }

    public McpHttpGateway Gateway { get; private set; } = null!;

    public IReadOnlyList<Record> Records => Ledger.Records;

    public HttpClient Http { get; } = new(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = 4096 }) { Timeout = TimeSpan.FromSeconds(60) };

    /// <summary>A route's address.</summary>
    public Uri this[string route] => new(Gateway.Addresses[0], route);

    /// <summary>Starts a gateway with one route, <c>/mcp</c>, for the one agent <c>tester</c>, known by its token.</summary>
    public static Task<GatewayBench> StartAsync(
        Uri server, Action<JsonObject>? configure = null, Func<HttpGatewayOptions, HttpGatewayOptions>? options = null, Func<EmitterOptions, EmitterOptions>? emitting = null) =>
        StartAsync(bench =>
        {
            var configuration = bench.Configuration(server);
            configure?.Invoke(configuration);
            return configuration;
        }, options, emitting);

    public static async Task<GatewayBench> StartAsync(
        Func<GatewayBench, JsonObject> configure, Func<HttpGatewayOptions, HttpGatewayOptions>? options = null, Func<EmitterOptions, EmitterOptions>? emitting = null)
    {
        var bench = new GatewayBench();
        var issuer = SpiffeId.Parse("spiffe://test.local/gateway/http");
        var emitter = new EmitterOptions
        {
            Issuer = issuer,
            Signer = bench._authority.SourceFor(issuer),
            SpoolPath = Path.Combine(bench.Folder, "spool"),
            DurableTimeout = TimeSpan.FromSeconds(2),
            MaxBackoff = TimeSpan.FromMilliseconds(200),
            ShutdownTimeout = TimeSpan.FromSeconds(1),
            Log = bench.Log.WriteLine,
        };
        bench._emitter = await Emitter.StartAsync(emitting?.Invoke(emitter) ?? emitter, bench.Ledger, CancellationToken.None);
        var file = Path.Combine(bench.Folder, "gateway.json");
        var configuration = ConfigurationFile.Parse(Encoding.UTF8.GetBytes(configure(bench).ToJsonString()), file);
        var standard = new HttpGatewayOptions { Configuration = configuration, Approvals = bench.Desk, Ledger = bench.Ledger, Log = bench.Log };
        bench.Gateway = await McpHttpGateway.StartAsync(options?.Invoke(standard) ?? standard, bench._emitter, new SevenKeys(), CancellationToken.None);
        bench.Http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {Token}");
        return bench;
    }

    /// <summary>A file of the bench's, mode 0600.</summary>
    public string Secret(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    public JsonObject Configuration(Uri server) => new()
    {
        ["listen"] = new JsonArray(new JsonObject { ["address"] = "127.0.0.1:0" }),
        ["agents"] = new JsonObject
        {
            ["tester"] = new JsonObject { ["id"] = "spiffe://test.local/agent/tester", ["owner"] = "tester@example.org", ["token_file"] = Secret("tester.token", Token) },
        },
        ["routes"] = new JsonObject { ["/mcp"] = Route(server, "tester") },
        ["timeouts"] = new JsonObject { ["grace_seconds"] = 2, ["flush_seconds"] = 5, ["resume_seconds"] = 1, ["silence_seconds"] = 30 },
    };

    public static JsonObject Route(Uri server, params string[] agents) => new()
    {
        ["upstream"] = new JsonObject { ["url"] = server.ToString() },
        ["agents"] = new JsonArray([.. agents.Select(a => (JsonNode)a)]),
    };

    /// <summary>POSTs a message as an MCP client does.</summary>
    public async Task<HttpResponseMessage> PostAsync(string message, string route = "/mcp", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, this[route]) { Content = new StringContent(message, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        foreach (var (name, value) in headers)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    public static string Call(int id, string tool, JsonObject? arguments = null, JsonObject? meta = null)
    {
        var parameters = new JsonObject { ["name"] = tool, ["arguments"] = arguments ?? [] };
        if (meta is not null)
        {
            parameters["_meta"] = meta;
        }

        return new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["method"] = "tools/call", ["params"] = parameters }.ToJsonString();
    }

    /// <summary>The one JSON message of an answer.</summary>
    public static async Task<JsonObject> MessageAsync(HttpResponseMessage response) => JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsObject();

    /// <summary>Waits for a record that fits.</summary>
    public async Task<Record> RecordAsync(Func<Record, bool> fits)
    {
        var until = DateTime.UtcNow + Patience;
        while (DateTime.UtcNow < until)
        {
            if (Records.FirstOrDefault(fits) is { } record)
            {
                return record;
            }

            await Task.Delay(20);
        }

        throw new TimeoutException($"no such record among: {string.Join("\n", Records.Select(r => Encoding.UTF8.GetString(r.Bytes.Span)))}\n{Log}");
    }

    public Task<Record> CompletedAsync(string? status = null) =>
        RecordAsync(r => r.Kind == RecordKinds.ActionCompleted && (status is null || Body(r)["status"]!.GetValue<string>() == status));

    /// <summary>A record's own member.</summary>
    public static JsonObject Body(Record record) =>
        JsonNode.Parse(record.Bytes.Span)!.AsObject()[record.Kind switch
        {
            RecordKinds.TaskStarted => "request",
            RecordKinds.TaskEnded => "outcome",
            RecordKinds.ContextCaptured => "context",
            RecordKinds.PolicyDecided => "policy",
            RecordKinds.GapDeclared => "gap",
            RecordKinds.CredentialUsed or RecordKinds.CredentialRefused => "credential",
            RecordKinds.ApprovalRequested or RecordKinds.ApprovalRecorded => "approval",
            _ => "action",
        }]!.AsObject();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Gateway.DisposeAsync();
        Desk.Dispose();
        await _emitter.DisposeAsync();
        _authority.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private sealed class SevenKeys : ITrailKeys
    {
        public byte[] KeyFor(TraceId trace) => [.. Enumerable.Repeat((byte)7, 32)];
    }
}
