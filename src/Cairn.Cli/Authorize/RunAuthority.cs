using Cairn.Broker;
using Cairn.Cli.Emit;
using Cairn.Evidence;
using Cairn.Gateway;
using Cairn.Gateway.Approvals;
using Cairn.Gateway.Authority;
using Cairn.Identity.Credentials;
using Cairn.Policy;
using Cairn.Policy.Bundles;

namespace Cairn.Cli.Authorize;

/// <summary>What one run decides with: the policy's host, the desk where humans are asked, and the broker of the data directory.</summary>
internal sealed class RunAuthority : IAsyncDisposable
{
    private readonly PolicyChoice _policy;
    private readonly ApprovalDesk _desk;
    private readonly IRunBroker? _broker;
    private PolicyHost? _host;

    private RunAuthority(PolicyChoice policy, ApprovalDesk desk, IRunBroker? broker) => (_policy, _desk, _broker) = (policy, desk, broker);

    /// <summary>The authority of a run. Nothing is opened or read yet.</summary>
    /// <param name="policy">The policy that decides.</param>
    /// <param name="way">Whose state it is.</param>
    /// <param name="host">The emitter in whose name the broker is asked.</param>
    public static RunAuthority Of(PolicyChoice policy, WayIn way, EmitterHost host) => new(policy, ApprovalDesk.Open(way.State), IRunBroker.Of(policy.Broker, way, host));

    /// <summary>Loads the policy; the run's trail tells so before it decides anything.</summary>
    /// <exception cref="PolicyBundleException">The bundle can't be used.</exception>
    public async ValueTask<ActionPipelineOptions> OpenAsync(RunRecords records, CancellationToken cancel)
    {
        _host = await PolicyHost.OpenAsync(
            new PolicyHostOptions { Path = _policy.Path, Mode = _policy.Mode, Changing = records.RecordAsync, Log = Console.Error }, cancel);
        return new ActionPipelineOptions { Policy = _host, Approvals = _desk, Credentials = _broker };
    }

    /// <summary>What the agent's token shows, by the word of the data directory's broker; null: there is no broker, or it shows nothing.</summary>
    public async ValueTask<ShownAuthority?> ShownAsync(string? token, SpiffeId agent, CancellationToken cancel)
    {
        if (token is null || _broker is null)
        {
            return null;
        }

        var shown = await _broker.ShownAsync(token, agent, cancel);
        if (shown is null)
        {
            await Console.Error.WriteLineAsync($"cairn: the token in {McpCommand.SubjectToken} is not one of this broker's that {agent} may use now; the agent acts without it");
        }

        return shown;
    }

    /// <summary>Closes what wrote into the run's trails on its behalf, before the run counts their records.</summary>
    public ValueTask EndAsync() => _broker?.DisposeAsync() ?? ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_host is { } host)
        {
            await host.DisposeAsync();
        }

        _desk.Dispose();
        await EndAsync();
    }
}
