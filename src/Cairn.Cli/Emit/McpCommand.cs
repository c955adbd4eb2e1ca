using System.CommandLine;
using System.Runtime.InteropServices;
using Cairn.Cli.Authorize;
using Cairn.Evidence;
using Cairn.Gateway;
using Cairn.Ledger;

namespace Cairn.Cli.Emit;

/// <summary><c>cairn mcp … -- COMMAND…</c>: decides about and records what passes between an MCP client and the stdio server that it starts.</summary>
internal static class McpCommand
{
    /// <summary>The token that shows on whose behalf the agent acts. A secret: the server does not get it.</summary>
    public const string SubjectToken = "CAIRN_SUBJECT_TOKEN";

    private const string JoinToken = "CAIRN_ENROL_TOKEN";

    public static Command Create()
    {
        var shared = new WayInOptions("mcp");
        var policy = new PolicyOptions();
        var wrapped = new Argument<string[]>("command") { Description = "The server's command, after --", Arity = ArgumentArity.OneOrMore };
        var command = new Command("mcp", "Record an MCP server, and decide what may pass: put `cairn mcp --` in front of its command") { wrapped };
        shared.AddTo(command);
        policy.AddTo(command, givesCredentials: true);
        command.SetAction(async (parsed, cancel) =>
        {
            var way = shared.Read(parsed);
            return await RunAsync(way, policy.Read(parsed, way.State), parsed.GetRequiredValue(wrapped), cancel);
        });
        return command;
    }

    private static async Task<int> RunAsync(WayIn way, PolicyChoice? policy, string[] words, CancellationToken cancel)
    {
        await using var host = await way.OpenAsync("gateway", sequence: true, cancel);
        await using var authority = policy is null ? null : RunAuthority.Of(policy, way, host);
        var caller = WayIn.Caller();
        var options = new GatewayOptions
        {
            Agent = way.Agent,
            Owner = way.Owner,
            Capture = way.Capture,
            Command = words[0],
            Arguments = words[1..],
            Environment = new Dictionary<string, string?> { [SubjectToken] = null, [JoinToken] = null },
            Caller = caller,
            Ledger = host.Ledger,
            SubjectToken = Environment.GetEnvironmentVariable(SubjectToken) is { Length: > 0 } token ? token : null,
            Authority = authority is null ? null : authority.OpenAsync,
            Ending = authority is null ? null : authority.EndAsync,
        };
        if (authority is not null)
        {
            options = options with { Shown = await authority.ShownAsync(options.SubjectToken, way.Agent, cancel) };
        }

        if (authority is not null && options.Shown is null && caller is { } position && host.Ledger is EmbeddedLedger ledger)
        {
            options = options with { DelegationChain = await KnownDelegation.ChainAsync(ledger, way.Agent, position, DateTimeOffset.UtcNow, cancel) };
        }

        return await PassAsync(options, host, cancel);
    }

    private static async Task<int> PassAsync(GatewayOptions options, EmitterHost host, CancellationToken cancel)
    {
        // The client ends a server by closing its input or by SIGTERM; both must end in order, with the evidence delivered.
        using var told = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        void End(PosixSignalContext context)
        {
            context.Cancel = true;
            told.Cancel();
        }

        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, End);
        await using var input = Console.OpenStandardInput();
        await using var output = Console.OpenStandardOutput();
        return await McpStdioGateway.RunAsync(options, host.Emitter, host.Keys, input, output, Console.Error, told.Token);
    }
}
