using System.CommandLine;
using System.Runtime.InteropServices;
using Cairn.Cli.Authorize;
using Cairn.Cli.Identity;
using Cairn.Cli.Terminal;
using Cairn.Gateway.Approvals;
using Cairn.HttpGateway;
using Cairn.HttpGateway.Configuration;
using Cairn.Identity.Credentials;
using Cairn.Policy;
using Cairn.Policy.Bundles;

namespace Cairn.Cli.Emit;

/// <summary><c>cairn gateway --config FILE</c>: the reverse proxy for MCP servers over HTTP; <c>cairn gateway check</c> says whether it would start.</summary>
internal static class GatewayCommand
{
    public static Command Create()
    {
        var config = new Option<string>("--config") { Description = "The gateway's configuration (docs/http-gateway.md)", HelpName = "FILE", Required = true };
        var (data, socket) = (DataOption.Create(), SpiffeSocket.Create());
        var server = new Option<string?>("--server") { Description = "A ledger on another machine (cairn serve), in place of --data; CAIRN_ENROL_TOKEN joins it the first time", HelpName = "URL" };
        var source = new PolicyOptions().Broker;
        var command = new Command("gateway", "Record and decide what agents do through MCP servers over HTTP") { config, data, server, socket, source, Check() };
        command.SetAction(async (parsed, cancel) =>
        {
            var configuration = Read(parsed.GetRequiredValue(config));
            var way = WayInOptions.Read("gateway", configuration.Agents[0].Id, $"{Environment.UserName}@{Environment.MachineName}", parsed.GetValue(data), parsed.GetValue(server), parsed.GetValue(socket)) with { Name = "http" };
            await using var host = await way.OpenAsync("gateway", sequence: true, cancel);
            await using var broker = IRunBroker.Of(parsed.GetValue(source), way, host);
            using var tokens = await TokensAsync(configuration, broker, way, cancel);
            using var desk = ApprovalDesk.Open(way.State, log: Console.Error);
            return await RunAsync(configuration, host, desk, broker, tokens, cancel);
        });
        return command;
    }

    private static Command Check()
    {
        var config = new Option<string>("--config") { Description = "The gateway's configuration", HelpName = "FILE", Required = true };
        var command = new Command("check", "Say whether a configuration can be used, and what it means") { config };
        command.SetAction(parsed =>
        {
            var configuration = Read(parsed.GetRequiredValue(config));
            foreach (var route in configuration.Routes)
            {
                Console.WriteLine($"{route.Path} → {route.Upstream.Url}  for {string.Join(", ", route.Agents)}  {(route.Policy is { } policy ? $"policy {policy.Path}{(policy.Shadow ? " (shadow)" : "")}" : "no policy")}");
            }

            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>What checks the tokens of agents that are known by them; null: there are no such agents.</summary>
    private static async Task<BrokerTokens?> TokensAsync(GatewayConfiguration configuration, IRunBroker? broker, WayIn way, CancellationToken cancel)
    {
        if (configuration.Agents.FirstOrDefault(agent => agent.ByBrokerToken) is not { } agent)
        {
            return null;
        }

        if (broker is null)
        {
            throw new CliException(
                way.Data is { } data
                    ? $"agent {agent.Name} is known by broker_token, and {data} has no broker to check its tokens"
                    : $"agent {agent.Name} is known by broker_token, and no broker is named to check its tokens",
                way.Data is null ? "cairn gateway --broker URL …" : "cairn broker init, or cairn gateway --broker URL …");
        }

        try
        {
            return await broker.VerifierAsync(configuration.Audience, cancel);
        }
        catch (CredentialRefusedException e)
        {
            throw new CliException(e.Message, "cairn broker serve says what is wrong with broker.json");
        }
    }

    private static async Task<int> RunAsync(GatewayConfiguration configuration, EmitterHost host, ApprovalDesk desk, IRunBroker? broker, BrokerTokens? tokens, CancellationToken cancel)
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
        try
        {
            await McpHttpGateway.RunAsync(
                new HttpGatewayOptions { Configuration = configuration, Approvals = desk, Ledger = host.Ledger, OpenPolicy = OpenAsync, Credentials = broker, AccessTokens = tokens }, host.Emitter, host.Keys, told.Token);
        }
        catch (ConfigurationException e)
        {
            throw new CliException(e.Message, "cairn gateway check --config FILE");
        }
        catch (PolicyBundleException e)
        {
            throw new CliException(e.Message, "cairn policy check DIR");
        }

        return ExitCode.Done;
    }

    private static async ValueTask<IPolicyDecisionPoint> OpenAsync(RoutePolicy policy, Func<BundleChange, CancellationToken, ValueTask> changing, CancellationToken cancel) =>
        await PolicyHost.OpenAsync(
            new PolicyHostOptions { Path = policy.Path, Mode = policy.Shadow ? PolicyMode.Shadow : null, Watch = policy.Watch, Changing = changing, Log = Console.Error }, cancel);

    private static GatewayConfiguration Read(string file)
    {
        try
        {
            return ConfigurationFile.Read(file);
        }
        catch (ConfigurationException e)
        {
            throw new CliException(e.Message, "docs/http-gateway.md has every name of the configuration");
        }
    }
}
