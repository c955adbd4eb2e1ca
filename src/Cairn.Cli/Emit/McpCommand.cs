using System.CommandLine;
using System.Runtime.InteropServices;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Gateway;
using Cairn.Sdk;

namespace Cairn.Cli.Emit;

/// <summary><c>cairn mcp … -- COMMAND…</c>: records what passes between an MCP client and the stdio server that it starts.</summary>
internal static class McpCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var server = new Option<string?>("--server") { Description = "A ledger on another machine (cairn serve), in place of --data; CAIRN_ENROL_TOKEN joins it the first time", HelpName = "URL" };
        var agent = new Option<string>("--agent") { Description = "Who acts", HelpName = "SPIFFE-ID", DefaultValueFactory = _ => "spiffe://cairn.local/agent/default" };
        var owner = new Option<string>("--owner") { Description = "The person or team accountable for the agent", HelpName = "WHO", DefaultValueFactory = _ => $"{Environment.UserName}@{Environment.MachineName}" };
        var capture = new Option<string>("--capture") { Description = "What is kept of arguments and results", HelpName = "metadata|redacted|full", DefaultValueFactory = _ => "metadata" };
        capture.AcceptOnlyFromAmong("metadata", "redacted", "full");
        var wrapped = new Argument<string[]>("command") { Description = "The server's command, after --", Arity = ArgumentArity.OneOrMore };
        var command = new Command("mcp", "Record an MCP server: put `cairn mcp --` in front of its command") { data, server, agent, owner, capture, wrapped };
        command.SetAction(async (parsed, cancel) =>
        {
            if (parsed.GetValue(server) is not null && parsed.GetValue(data) is not null)
            {
                throw new CliException("--data and --server exclude each other: a ledger is on this machine or on another", "cairn mcp --help");
            }

            var words = parsed.GetRequiredValue(wrapped);
            var options = new GatewayOptions
            {
                Agent = SpiffeId.Parse(parsed.GetRequiredValue(agent)),
                Owner = parsed.GetRequiredValue(owner),
                Capture = Enum.Parse<CaptureProfile>(parsed.GetRequiredValue(capture), ignoreCase: true),
                Command = words[0],
                Arguments = words[1..],
                Caller = Caller(),
            };
            await using var host = parsed.GetValue(server) is { } url && Address(url) is var remote
                ? await EmitterHost.RemoteAsync(remote, StateFor(remote), GatewayOf(options.Agent.TrustDomain), Environment.GetEnvironmentVariable("CAIRN_ENROL_TOKEN"), options.Owner, cancel)
                : await EmitterHost.EmbeddedAsync(DataOption.Resolve(parsed.GetValue(data)), GatewayOf, options.Owner, cancel);
            return await RunAsync(options with { Ledger = host.Ledger }, host, cancel);
        });
        return command;
    }

    private static async Task<int> RunAsync(GatewayOptions options, EmitterHost host, CancellationToken cancel)
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

    private static SpiffeId GatewayOf(string trustDomain) => SpiffeId.Parse($"spiffe://{trustDomain}/gateway/mcp");

    private static Uri Address(string url) => Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is ("http" or "https")
        ? address
        : throw new CliException($"--server takes an http or https address, found \"{url}\"", "cairn mcp --server http://127.0.0.1:7070 -- COMMAND");

    private static string StateFor(Uri server) => Path.Combine(DataOption.State(), $"{server.Host}_{server.Port}");

    private static TraceParent? Caller()
    {
        var text = Environment.GetEnvironmentVariable("TRACEPARENT");
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (TraceParent.TryParse(text, out var caller))
        {
            return caller;
        }

        Console.Error.WriteLine($"cairn: TRACEPARENT is not a W3C trace context (\"{text}\"); this run starts a trail of its own");
        return null;
    }
}
