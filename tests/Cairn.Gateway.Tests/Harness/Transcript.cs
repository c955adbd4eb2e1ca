using System.Text.Json;
using System.Text.RegularExpressions;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Cairn.Gateway.Tests.Harness;

/// <summary>What a client of the official SDK sees of a server, step by step, as text that can be compared.</summary>
internal sealed partial class Transcript
{
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines => _lines;

    /// <summary>The client's side of what servers may ask for, with answers that are always the same.</summary>
    /// <param name="protocol">The revision to speak.</param>
    /// <param name="hasRoots">Whether the client has roots: a server that asks for them does so while calls are under way, and may answer those before or after.</param>
    public static McpClientOptions ClientOptions(string protocol, bool hasRoots) => new()
    {
        ProtocolVersion = protocol,
        ClientInfo = new Implementation { Name = "cairn-test-client", Version = "1.0.0" },
        Capabilities = new ClientCapabilities { Roots = hasRoots ? new RootsCapability() : null, Sampling = new SamplingCapability(), Elicitation = new ElicitationCapability() },
        InitializationTimeout = TimeSpan.FromSeconds(20),
        Handlers = new McpClientHandlers
        {
            RootsHandler = !hasRoots ? null : (_, _) => ValueTask.FromResult(new ListRootsResult { Roots = [new Root { Uri = "file:///project", Name = "project" }] }),
            SamplingHandler = (request, _, _) => ValueTask.FromResult(new CreateMessageResult
            {
                Model = "test-model",
                Role = Role.Assistant,
                Content = [new TextContentBlock { Text = $"sampled {request?.MaxTokens}" }],
                StopReason = "endTurn",
            }),
            ElicitationHandler = (_, _) => ValueTask.FromResult(new ElicitResult { Action = "decline" }),
        },
    };

    /// <summary>Notes what an operation gives, or how it fails.</summary>
    public async Task NoteAsync<T>(string what, Func<Task<T>> operation)
    {
        try
        {
            var result = await operation();
            _lines.Add($"{what}: {ClockTime().Replace(JsonSerializer.Serialize(result, McpJsonUtilities.DefaultOptions), "TIME")}");
        }
        catch (McpProtocolException e)
        {
            _lines.Add($"{what}: error {e.ErrorCode} {e.Message}");
        }
        catch (McpException e)
        {
            _lines.Add($"{what}: {e.Message}");
        }
    }

    public void Note(string line) => _lines.Add(line);

    /// <summary>The features that every server has or refuses.</summary>
    public async Task CommonAsync(McpClient client)
    {
        Note($"server {client.ServerInfo?.Name} {client.ServerInfo?.Version} speaks {client.NegotiatedProtocolVersion}");
        Note($"capabilities {JsonSerializer.Serialize(client.ServerCapabilities, McpJsonUtilities.DefaultOptions)}");
        Note($"instructions {client.ServerInstructions}");
        await NoteAsync("tools", async () => (await client.ListToolsAsync()).Select(t => t.ProtocolTool).ToList());
        await NoteAsync("resources", async () => (await client.ListResourcesAsync()).Select(r => r.ProtocolResource).ToList());
        await NoteAsync("templates", async () => (await client.ListResourceTemplatesAsync()).Select(r => r.ProtocolResourceTemplate).ToList());
        await NoteAsync("prompts", async () => (await client.ListPromptsAsync()).Select(p => p.ProtocolPrompt).ToList());
        await NoteAsync("unknown tool", async () => await client.CallToolAsync("no-such-tool"));
        await NoteAsync("unknown resource", async () => await client.ReadResourceAsync("test://no/such"));
    }

    public Task CallAsync(McpClient client, string tool, object? arguments = null) =>
        NoteAsync($"call {tool}", async () => await client.CallToolAsync(tool, ToDictionary(arguments)));

    /// <summary>A call that reports progress; the SDK hands notifications out in any order, so they are sorted.</summary>
    public async Task ProgressAsync(McpClient client, string parameters, int expected)
    {
        var reports = new List<string>();
        var all = new TaskCompletionSource();
        await using (client.RegisterNotificationHandler("notifications/progress", (notification, _) =>
        {
            lock (reports)
            {
                reports.Add(notification.Params!.ToJsonString());
                if (reports.Count == expected)
                {
                    all.TrySetResult();
                }
            }

            return ValueTask.CompletedTask;
        }))
        {
            await RawAsync(client, "tools/call", parameters);
            if (!_lines[^1].Contains("error", StringComparison.OrdinalIgnoreCase))
            {
                await all.Task.WaitAsync(TimeSpan.FromSeconds(5));
            }
        }

        lock (reports)
        {
            Note(string.Join(", ", reports.Order(StringComparer.Ordinal)));
        }
    }

    /// <summary>A request whose result the SDK does not read into types of its own (version 2.4.0 fails on annotated content).</summary>
    public Task RawAsync(McpClient client, string method, string parameters) => NoteAsync($"raw {method}", async () =>
        (await client.SendRequestAsync(new JsonRpcRequest { Method = method, Params = System.Text.Json.Nodes.JsonNode.Parse(parameters) })).Result);

    /// <summary>The everything server tells the time in its resources.</summary>
    [GeneratedRegex(@"\d+:\d\d:\d\d [AP]M")]
    private static partial Regex ClockTime();

    private static Dictionary<string, object?>? ToDictionary(object? arguments) =>
        arguments?.GetType().GetProperties().ToDictionary(p => p.Name, p => p.GetValue(arguments));
}
