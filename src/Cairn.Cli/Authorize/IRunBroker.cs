using Cairn.Broker;
using Cairn.Cli.Emit;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Gateway;
using Cairn.Identity.Credentials;

namespace Cairn.Cli.Authorize;

/// <summary>The broker that a run gets credentials from: the data directory's own, or one that is asked over HTTP.</summary>
internal interface IRunBroker : ICredentialSource, IAsyncDisposable
{
    /// <summary>What a token shows for an agent: one of this broker's that holds, and that the agent may use; null: nothing.</summary>
    /// <exception cref="CredentialRefusedException">The broker can't be asked.</exception>
    ValueTask<ShownAuthority?> ShownAsync(string token, SpiffeId agent, CancellationToken cancellationToken);

    /// <summary>Checks tokens of this broker that callers show.</summary>
    /// <param name="audience">The names of whom they are shown to: a token must be for one of them.</param>
    /// <param name="cancellationToken">Stops the opening.</param>
    /// <exception cref="CredentialRefusedException">The broker can't be opened.</exception>
    ValueTask<BrokerTokens> VerifierAsync(IReadOnlyList<string> audience, CancellationToken cancellationToken);

    /// <summary>The broker of a run; null: there is none.</summary>
    /// <param name="address">The one that <c>--broker</c> names; null: the data directory's own, where it is set up.</param>
    /// <param name="way">Whose run it is.</param>
    /// <param name="host">Who asks.</param>
    /// <exception cref="CliException">The address is none.</exception>
    static IRunBroker? Of(string? address, WayIn way, EmitterHost host)
    {
        if (address is null)
        {
            return way.Data is { } data && LocalBroker.IsSetUp(data) ? new LocalBroker(data, host.Emitter.Issuer, way.Owner) : null;
        }

        try
        {
            return new RemoteBroker(new BrokerClient(new BrokerClientOptions { Issuer = address, Identity = host.Identity }));
        }
        catch (ArgumentException)
        {
            throw new CliException($"--broker takes the issuer of a broker, an http or https address, found \"{address}\"", "--broker http://127.0.0.1:7071");
        }
    }
}
