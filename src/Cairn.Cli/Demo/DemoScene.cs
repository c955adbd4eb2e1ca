using Cairn.Cli.Terminal;
using Cairn.Evidence;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Cairn.Cli.Demo;

/// <summary>Where the demo plays: the data directory, the agents' folder, the bank's folder, what the repository brings, and the accountable owner.</summary>
internal sealed record DemoScene(string Data, string Workspace, string Samples, string Owner)
{
    public const string BankAudience = "https://bank.example";
    public const string PaymentScope = "payments:create";

    public static readonly SpiffeId Orchestrator = SpiffeId.Parse("spiffe://cairn.local/agent/orchestrator");
    public static readonly SpiffeId Payer = SpiffeId.Parse("spiffe://cairn.local/agent/payer");

    /// <summary>The policy that decides in the demo: samples/demo/policy.</summary>
    public string Policy => Path.Combine(Samples, "policy");

    /// <summary>The bank's own folder, outside the agents' reach.</summary>
    public string BankFolder => Path.Combine(Path.GetDirectoryName(Workspace)!, "bank");

    /// <summary>The public keys that the bank checks credentials with.</summary>
    public string BankKeys => Path.Combine(BankFolder, "broker-keys.json");

    private static string Program => Environment.ProcessPath
        ?? throw new CliException("the operating system does not tell where this program is, so the demo cannot start its agents");

    /// <summary>The command that starts this program again as one of the demo's agents.</summary>
    public (string File, string[] Arguments) Agent(string role) =>
        (Program, ["demo-agent", role, "--data", Data, "--workspace", Workspace, "--samples", Samples, "--owner", Owner]);

    /// <summary>The real filesystem server, confined to the workspace, behind <c>cairn mcp</c>.</summary>
    public Task<McpClient> FilesAsync(SpiffeId agent, TraceParent caller, CancellationToken cancel) =>
        ConnectAsync(agent, caller, ["node", ServerOf("server-filesystem"), Workspace], cancel);

    /// <summary>The real everything server behind <c>cairn mcp</c>.</summary>
    public Task<McpClient> EverythingAsync(SpiffeId agent, TraceParent caller, CancellationToken cancel) =>
        ConnectAsync(agent, caller, ["node", ServerOf("server-everything"), "stdio"], cancel);

    /// <summary>The demo's bank behind <c>cairn mcp</c>: it pays only for who shows a credential of the broker.</summary>
    public Task<McpClient> BankAsync(SpiffeId agent, TraceParent caller, CancellationToken cancel) =>
        ConnectAsync(agent, caller, ["node", Path.Combine(Samples, "bank.mjs"), BankFolder], cancel);

    /// <summary>The first text of a tool's result.</summary>
    public static string TextOf(CallToolResult result)
    {
        var text = (result.Content.OfType<TextContentBlock>().FirstOrDefault()?.Text ?? "").ReplaceLineEndings(" ");
        return text.Length > 110 ? text[..110] + "…" : text;
    }

    private string ServerOf(string package) => Path.Combine(Samples, "node_modules/@modelcontextprotocol", package, "dist/index.js");

    // What the agent's own process has (TRACEPARENT apart), its servers get: the token that it acts under among it.
    private Task<McpClient> ConnectAsync(SpiffeId agent, TraceParent caller, string[] server, CancellationToken cancel) =>
        McpClient.CreateAsync(
            new StdioClientTransport(new StdioClientTransportOptions
            {
                Name = agent.Path,
                Command = Program,
                Arguments = ["mcp", "--data", Data, "--agent", agent.ToString(), "--owner", Owner, "--capture", "redacted", "--policy", Policy, "--", .. server],
                EnvironmentVariables = new Dictionary<string, string?>
                {
                    ["TRACEPARENT"] = caller.ToString(),
                    ["BANK_AUDIENCE"] = BankAudience,
                    ["BANK_JWKS"] = BankKeys,
                },
                StandardErrorLines = line => Console.Error.WriteLine($"    {line}"),
            }),
            new McpClientOptions { ClientInfo = new Implementation { Name = agent.Path.Split('/')[^1], Version = "1.0.0" } },
            cancellationToken: cancel);
}
