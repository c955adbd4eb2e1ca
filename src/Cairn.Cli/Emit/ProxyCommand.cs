using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Cairn.Cli.Authorize;
using Cairn.Cli.Terminal;
using Cairn.Gateway.Approvals;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Egress;

namespace Cairn.Cli.Emit;

/// <summary><c>cairn proxy … [-- COMMAND…]</c>: an outbound HTTP proxy, for one command or until it is told to end.</summary>
internal static class ProxyCommand
{
    public static Command Create()
    {
        var shared = new WayInOptions("proxy");
        var policies = new PolicyOptions();
        var listen = new Option<string>("--listen") { Description = "Where it listens: a loopback address; port 0: any free one", HelpName = "ADDRESS:PORT", DefaultValueFactory = _ => "127.0.0.1:0" };
        var wrapped = new Argument<string[]>("command") { Description = "A command that goes through the proxy, after --; without one its address is printed", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("proxy", "Record what a program sends over HTTP: hosts of tunnels, each plain request") { listen, wrapped };
        shared.AddTo(command);
        policies.AddTo(command, givesCredentials: true);
        command.SetAction(async (parsed, cancel) =>
        {
            if (!IPEndPoint.TryParse(parsed.GetRequiredValue(listen), out var place) || !IPAddress.IsLoopback(place.Address))
            {
                throw new CliException($"--listen takes a loopback address and port, found \"{parsed.GetValue(listen)}\": whoever reaches the proxy acts as the agent", "cairn proxy --listen 127.0.0.1:8080");
            }

            var way = shared.Read(parsed);
            await using var host = await way.OpenAsync("gateway", sequence: true, cancel);
            using var desk = ApprovalDesk.Open(way.State);
            var choice = policies.Read(parsed, way.State);
            await using var policy = await WayPolicy.OpenAsync(choice, watch: true, cancel);
            await using var broker = choice is null ? null : IRunBroker.Of(choice.Broker, way, host);
            var options = new ProxyOptions
            {
                Agent = way.Agent,
                Owner = way.Owner,
                Caller = WayIn.Caller(),
                Ledger = host.Ledger,
                Bundles = policy.Notes,
                Listen = place,
                Password = ProxyPassword.New(),
            };
            await using var proxy = Start(options, way.Deciding(desk, policy) with { Credentials = broker }, host);
            return parsed.GetRequiredValue(wrapped) is [var program, .. var arguments]
                ? await RunAsync(proxy, program, arguments, cancel)
                : await StandAsync(proxy, cancel);
        });
        return command;
    }

    private static EgressProxy Start(ProxyOptions options, ActionPipelineOptions deciding, EmitterHost host)
    {
        try
        {
            return EgressProxy.Start(options, deciding, host.Emitter, host.Keys, Console.Error);
        }
        catch (SocketException problem)
        {
            throw new CliException($"can't listen at {options.Listen}: {problem.Message}", "cairn proxy --listen 127.0.0.1:0");
        }
    }

    private static async Task<int> RunAsync(EgressProxy proxy, string program, string[] arguments, CancellationToken cancel)
    {
        var (code, notStarted) = await ProxiedCommand.RunAsync(proxy, program, arguments, Console.Error, cancel);
        if (notStarted is not null)
        {
            await Console.Error.WriteLineAsync($"cairn: {notStarted}");
        }

        await proxy.EndAsync(code == 0 ? "done" : "failed", code == 0 ? null : notStarted is null ? $"the command ended with exit code {code}" : "the command could not be started");
        return code;
    }

    private static async Task<int> StandAsync(EgressProxy proxy, CancellationToken cancel)
    {
        using var told = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        void End(PosixSignalContext context)
        {
            context.Cancel = true;
            told.Cancel();
        }

        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, End);
        foreach (var (name, value) in ProxiedCommand.EnvironmentFor(proxy))
        {
            Console.WriteLine($"export {name}={value}");
        }

        Console.WriteLine($"export TRACEPARENT={proxy.Context}");
        await Console.Error.WriteLineAsync($"cairn: proxy at {proxy.Place}; the lines on stdout hold its password. It ends with Ctrl-C");
        try
        {
            await Task.Delay(Timeout.Infinite, told.Token);
        }
        catch (OperationCanceledException)
        {
            await proxy.EndAsync("done", null);
        }

        return ExitCode.Done;
    }
}
