using System.IO.Pipelines;
using System.Text;
using System.Text.Json.Nodes;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Gateway.Approvals;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Tests.Authority;
using Cairn.Identity;
using Cairn.Identity.Credentials;
using Cairn.Policy;
using Cairn.Sdk;

namespace Cairn.Gateway.Tests.Harness;

/// <summary>A gateway around a real server process, with the test in the client's place, byte by byte.</summary>
internal sealed class GatewayHarness : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Pipe _toGateway = new();
    private readonly Pipe _fromGateway = new(new PipeOptions(pauseWriterThreshold: 256 * 1024, resumeWriterThreshold: 128 * 1024));
    private readonly CancellationTokenSource _told = new();
    private readonly string _scratch = TestPaths.Scratch();
    private readonly LocalAuthority _authority;
    private Emitter _emitter = null!;
    private int _nextId;

    private GatewayHarness() => _authority = LocalAuthority.Create(Path.Combine(_scratch, "ca"), "test.local");

    public RecordingLedger Ledger { get; } = new();

    public StringWriter Log { get; } = new();

    /// <summary>Where calls wait for a human; used where a policy decides.</summary>
    public ApprovalDesk Desk { get; private set; } = null!;

    /// <summary>The folder of the desk, the spool and the keys.</summary>
    public string Data => _scratch;

    /// <summary>What a decision point would record; there once the gateway runs, where a policy decides.</summary>
    public RunRecords RunRecords { get; private set; } = null!;

    public Task<int> Run { get; private set; } = null!;

    public IReadOnlyList<Record> Records => Ledger.Records;

    public static Task<GatewayHarness> PuppetAsync(Func<GatewayOptions, GatewayOptions>? configure = null) =>
        StartAsync("node", [TestPaths.Puppet], configure);

    /// <summary>The puppet behind a policy that a test writes down.</summary>
    public static Task<GatewayHarness> DecidingAsync(
        Func<AuthorizationRequest, PolicyDecision> decide, ICredentialSource? credentials = null,
        Func<GatewayOptions, GatewayOptions>? configure = null, Func<ActionPipelineOptions, ActionPipelineOptions>? authority = null, TimeSpan? reportInterval = null) =>
        StartAsync("node", [TestPaths.Puppet], configure, reportInterval: reportInterval, authority: options =>
        {
            var with = options with { Policy = new DecidingPolicy(decide), Credentials = credentials };
            return authority?.Invoke(with) ?? with;
        });

    public static async Task<GatewayHarness> StartAsync(
        string command, IReadOnlyList<string> arguments, Func<GatewayOptions, GatewayOptions>? configure = null,
        Func<EmitterOptions, EmitterOptions>? emitting = null, ITrailKeys? keys = null, Func<ActionPipelineOptions, ActionPipelineOptions>? authority = null,
        TimeSpan? reportInterval = null)
    {
        var harness = new GatewayHarness();
        harness.Desk = ApprovalDesk.Open(harness.Data, log: harness.Log, reportInterval: reportInterval);
        var gateway = SpiffeId.Parse("spiffe://test.local/gateway");
        var emitter = new EmitterOptions
        {
            Issuer = gateway,
            Signer = harness._authority.SourceFor(gateway),
            SpoolPath = Path.Combine(harness._scratch, "spool"),
            DurableTimeout = TimeSpan.FromSeconds(1),
            MaxBackoff = TimeSpan.FromMilliseconds(200),
            ShutdownTimeout = TimeSpan.FromSeconds(1),
            Log = harness.Log.WriteLine,
        };
        harness._emitter = await Emitter.StartAsync(emitting?.Invoke(emitter) ?? emitter, harness.Ledger, CancellationToken.None);
        var options = new GatewayOptions
        {
            Agent = SpiffeId.Parse("spiffe://test.local/agent/tester"),
            Owner = "tester@example.org",
            Command = command,
            Arguments = arguments,
            Ledger = harness.Ledger,
            ExitGrace = TimeSpan.FromSeconds(1),
            UnansweredGrace = TimeSpan.FromSeconds(2),
            TerminateGrace = TimeSpan.FromSeconds(1),
            FlushTimeout = TimeSpan.FromSeconds(2),
            CancelGrace = TimeSpan.FromSeconds(1),
            Authority = authority is null ? null : (records, _) =>
            {
                harness.RunRecords = records;
                return ValueTask.FromResult(authority(new ActionPipelineOptions { Approvals = harness.Desk }));
            },
        };
        harness.Run = McpStdioGateway.RunAsync(
            configure?.Invoke(options) ?? options, harness._emitter, keys ?? new FixedKeys(), harness._toGateway.Reader.AsStream(),
            harness._fromGateway.Writer.AsStream(), harness.Log, harness._told.Token);
        return harness;
    }

    public Task SendAsync(string line) => SendAsync(Encoding.UTF8.GetBytes(line + "\n"));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _toGateway.Writer.WriteAsync(bytes);

    /// <summary>The place of an SDK client.</summary>
    public ModelContextProtocol.Client.IClientTransport ClientTransport() =>
        new ModelContextProtocol.Protocol.StreamClientTransport(_toGateway.Writer.AsStream(), _fromGateway.Reader.AsStream());

    /// <summary>The next line from the gateway, without its line end; null at the end.</summary>
    public async Task<byte[]?> ReadAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var read = await _fromGateway.Reader.ReadAsync(patience.Token);
            var newline = System.Buffers.BuffersExtensions.PositionOf(read.Buffer, (byte)'\n');
            if (newline is { } end)
            {
                var line = System.Buffers.BuffersExtensions.ToArray(read.Buffer.Slice(0, end));
                _fromGateway.Reader.AdvanceTo(read.Buffer.GetPosition(1, end));
                return line;
            }

            if (read.IsCompleted)
            {
                return null;
            }

            _fromGateway.Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    public async Task<JsonObject> ReadMessageAsync() =>
        JsonNode.Parse(await ReadAsync() ?? throw new InvalidOperationException("the gateway closed its output"))!.AsObject();

    /// <summary>Sends a request and reads until its answer.</summary>
    public async Task<JsonObject> RequestAsync(string method, JsonNode? parameters = null)
    {
        var id = ++_nextId;
        await SendAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["method"] = method, ["params"] = parameters }.ToJsonString());
        return await AnswerAsync(id);
    }

    /// <summary>Reads until the answer to an id; other messages are dropped.</summary>
    public async Task<JsonObject> AnswerAsync(int id)
    {
        while (true)
        {
            var message = await ReadMessageAsync();
            if (message["method"] is null && message["id"]?.GetValueKind() == System.Text.Json.JsonValueKind.Number && (int)message["id"]! == id)
            {
                return message;
            }
        }
    }

    public Task<JsonObject> CallAsync(string tool, JsonObject? arguments = null) =>
        RequestAsync("tools/call", new JsonObject { ["name"] = tool, ["arguments"] = arguments ?? [] });

    public Task<JsonObject> InitializeAsync(string protocol = "2025-11-25") => RequestAsync("initialize", new JsonObject
    {
        ["protocolVersion"] = protocol,
        ["capabilities"] = new JsonObject(),
        ["clientInfo"] = new JsonObject { ["name"] = "tester", ["version"] = "0.1" },
    });

    /// <summary>Closes the client's end and waits for the gateway's.</summary>
    public async Task<int> CloseAsync()
    {
        await _toGateway.Writer.CompleteAsync();
        return await Run.WaitAsync(Patience);
    }

    /// <summary>What SIGTERM does.</summary>
    public async Task<int> TellToEndAsync()
    {
        await _told.CancelAsync();
        return await Run.WaitAsync(Patience);
    }

    /// <summary>Waits until a request lies on the desk.</summary>
    public async Task<ApprovalRequest> PendingAsync()
    {
        for (var i = 0; i < 500; i++)
        {
            if (Desk.Pending().FirstOrDefault(p => p.IsWaiting) is { } pending)
            {
                return pending.Request;
            }

            await Task.Delay(20);
        }

        throw new TimeoutException("nothing was laid on the desk");
    }

    /// <summary>Waits for a record that fits.
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

        throw new TimeoutException($"no such record among: {string.Join(", ", Records.Select(r => r.Kind))}");
    }

    public async ValueTask DisposeAsync()
    {
        await _toGateway.Writer.CompleteAsync();
        await _fromGateway.Reader.CompleteAsync();
        await _told.CancelAsync();
        await Run.WaitAsync(Patience);
        Desk.Dispose();
        await _emitter.DisposeAsync();
        _authority.Dispose();
        _told.Dispose();
        Directory.Delete(_scratch, recursive: true);
    }

    private sealed class FixedKeys : ITrailKeys
    {
        public byte[] KeyFor(TraceId trace) => [.. Enumerable.Repeat((byte)7, 32)];
    }
}
