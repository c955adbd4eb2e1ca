using Cairn.Cli.Terminal;
using Cairn.Evidence;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Cairn.Cli.Demo;

/// <summary>Where the demo plays: the data directory, the agents' folder, the npm servers, and the accountable owner.</summary>
internal sealed record DemoScene(string Data, string Workspace, string Servers, string Owner)
{
    public static readonly SpiffeId Orchestrator = SpiffeId.Parse("spiffe://cairn.local/agent/orchestrator");
    public static readonly SpiffeId Writer = SpiffeId.Parse("spiffe://cairn.local/agent/writer");

    private static string Program => Environment.ProcessPath
        ?? throw new CliException("the operating system does not tell where this program is, so the demo cannot start its agents");

    /// <summary>The command that starts this program again as one of the demo's agents.</summary>
    public (string File, string[] Arguments) Agent(string role) =>
        (Program, ["demo-agent", role, "--data", Data, "--workspace", Workspace, "--servers", Servers, "--owner", Owner]);

    /// <summary>The real filesystem server, confined to the workspace, behind <c>cairn mcp</c>.</summary>
    public Task<McpClient> FilesAsync(SpiffeId agent, TraceParent caller, CancellationToken cancel) =>
        ConnectAsync(agent, caller, ["node", Path.Combine(Servers, "server-filesystem/dist/index.js"), Workspace], cancel);

    /// <summary>The real everything server behind <c>cairn mcp</c>.</summary>
    public Task<McpClient> EverythingAsync(SpiffeId agent, TraceParent caller, CancellationToken cancel) =>
        ConnectAsync(agent, caller, ["node", Path.Combine(Servers, "server-everything/dist/index.js"), "stdio"], cancel);

    /// <summary>The first text of a tool's result.</summary>
    public static string TextOf(CallToolResult result) =>
        result.Content.OfType<TextContentBlock>().FirstOrDefault()?.Text ?? "";

    private Task<McpClient> ConnectAsync(SpiffeId agent, TraceParent caller, string[] server, CancellationToken cancel) =>
        McpClient.CreateAsync(
            new StdioClientTransport(new StdioClientTransportOptions
            {
                Name = agent.Path,
                Command = Program,
                Arguments = ["mcp", "--data", Data, "--agent", agent.ToString(), "--owner", Owner, "--capture", "redacted", "--", .. server],
                EnvironmentVariables = new Dictionary<string, string?> { ["TRACEPARENT"] = caller.ToString() },
                StandardErrorLines = line => Console.Error.WriteLine($"    {line}"),
            }),
            new McpClientOptions { ClientInfo = new Implementation { Name = agent.Path.Split('/')[^1], Version = "1.0.0" } },
            cancellationToken: cancel);
}
