// A server over stdio made with the official C# SDK: it speaks every MCP revision, 2026-07-28 and its multi-round-trip
// requests included, which the npm servers do not yet.
using System.ComponentModel;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

var options = new McpServerOptions
{
    ServerInfo = new Implementation { Name = "cairn-test-server", Version = "1.0.0" },
    ToolCollection =
    [
        McpServerTool.Create(Tools.Echo, new() { Name = "echo", ReadOnly = true }),
        McpServerTool.Create(Tools.Fail, new() { Name = "fail", ReadOnly = false, Destructive = true }),
        McpServerTool.Create(Tools.Refuse, new() { Name = "refuse" }),
        McpServerTool.Create(Tools.Picture, new() { Name = "picture" }),
        McpServerTool.Create(Tools.StepsAsync, new() { Name = "steps" }),
        McpServerTool.Create(Tools.WaitAsync, new() { Name = "wait" }),
        McpServerTool.Create(Tools.Confirm, new() { Name = "confirm" }),
        McpServerTool.Create(Tools.Trace, new() { Name = "trace" }),
    ],
    ResourceCollection = [McpServerResource.Create(() => "the text", new() { UriTemplate = "test://text", Name = "text" })],
    PromptCollection = [McpServerPrompt.Create((string topic) => $"Tell me about {topic}.", new() { Name = "tell" })],
};
await using var server = McpServer.Create(new StdioServerTransport("cairn-test-server"), options);
await server.RunAsync();

internal static class Tools
{
    [Description("Answers with its text.")]
    public static string Echo(string text) => text;

    public static string Fail() => throw new InvalidOperationException("this tool always fails");

    public static string Refuse() => throw new McpProtocolException("not allowed", McpErrorCode.InvalidParams);

    public static ContentBlock Picture() => ImageContentBlock.FromBytes(new byte[] { 0x89, 0x50, 0x4e, 0x47, 0, 255, 10, 13 }, "image/png");

    public static async Task<string> StepsAsync(int count, IProgress<ProgressNotificationValue> progress)
    {
        for (var i = 1; i <= count; i++)
        {
            progress.Report(new ProgressNotificationValue { Progress = i, Total = count, Message = $"step {i}" });
            await Task.Delay(20);
        }

        return $"{count} steps";
    }

    public static async Task<string> WaitAsync(CancellationToken ct)
    {
        await Task.Delay(TimeSpan.FromSeconds(30), ct);
        return "waited";
    }

    /// <summary>Asks the user first: by a multi-round-trip request, or by the SDK's elicitation where the revision has none.</summary>
    public static string Confirm(RequestContext<CallToolRequestParams> context)
    {
        if (context.Params?.InputResponses is { } responses)
        {
            var answer = responses["sure"].Deserialize(InputResponse.ElicitResultJsonTypeInfo);
            return $"{context.Params.RequestState}: {answer?.Action}";
        }

        throw new InputRequiredException(
            new Dictionary<string, InputRequest>
            {
                ["sure"] = InputRequest.ForElicitation(new ElicitRequestParams { Message = "Are you sure?", RequestedSchema = new() }),
            },
            "asked once");
    }

    public static string Trace(RequestContext<CallToolRequestParams> context) => context.Params?.Meta?["traceparent"]?.ToString() ?? "none";
}
