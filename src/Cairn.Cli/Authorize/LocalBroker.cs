using Cairn.Broker;
using Cairn.Evidence;
using Cairn.Gateway;
using Cairn.Identity.Credentials;

namespace Cairn.Cli.Authorize;

/// <summary>The broker of a data directory, in this process; opened when the first credential is asked for, because most runs need none.</summary>
/// <param name="data">The data directory.</param>
/// <param name="gateway">The gateway that asks.</param>
/// <param name="owner">Who answers for it.</param>
internal sealed class LocalBroker(string data, SpiffeId gateway, string owner) : IRunBroker
{
    private readonly SemaphoreSlim _turn = new(1);
    private CredentialBroker? _broker;
    private LocalCredentialSource? _source;
    private bool _isClosed;

    /// <summary>Whether the data directory has a broker: its settings are in <c>broker/broker.json</c>.</summary>
    public static bool IsSetUp(string data) => File.Exists(Path.Combine(data, "broker", "broker.json"));

    /// <inheritdoc/>
    public async ValueTask<IssuedCredential> ObtainAsync(CredentialDemand demand, CancellationToken cancellationToken) =>
        await (await OpenAsync(cancellationToken)).ObtainAsync(demand, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<bool> IsActiveAsync(IssuedCredential credential, CancellationToken cancellationToken) =>
        await (await OpenAsync(cancellationToken)).IsActiveAsync(credential, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask RevokeAsync(IssuedCredential credential, string reason, CancellationToken cancellationToken) =>
        await (await OpenAsync(cancellationToken)).RevokeAsync(credential, reason, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<ShownAuthority?> ShownAsync(string token, SpiffeId agent, CancellationToken cancellationToken)
    {
        _ = await OpenAsync(cancellationToken);
        if (_broker!.Inspect(token) is not { } entry || (entry.MayAct is { } only && only != agent.ToString()))
        {
            return null;
        }

        // RFC 8693 §4.1 has the newest actor outermost; a chain begins with the principal. Who acts itself has given nothing.
        var givers = entry.Actors.Where(actor => actor != agent.ToString()).Reverse();
        return new ShownAuthority(entry.Id, [entry.Subject, .. givers], entry.Scope);
    }

    /// <inheritdoc/>
    public async ValueTask<BrokerTokens> VerifierAsync(IReadOnlyList<string> audience, CancellationToken cancellationToken)
    {
        _ = await OpenAsync(cancellationToken);
        return new BrokerTokens(_broker!.Guard(gateway, audience), _broker.Settings.Issuer);
    }

    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync();
        try
        {
            _isClosed = true;
            _source?.Dispose();
            _source = null;
            if (_broker is { } broker)
            {
                _broker = null;
                await broker.DisposeAsync();
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private async ValueTask<LocalCredentialSource> OpenAsync(CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            if (_isClosed)
            {
                throw new CredentialRefusedException("unavailable", "the run is over");
            }

            _broker ??= await CredentialBroker.OpenAsync(new BrokerOptions { DataPath = data, Owner = owner }, cancel);
            return _source ??= new LocalCredentialSource(_broker, gateway);
        }
        catch (BrokerException problem)
        {
            throw new CredentialRefusedException("unavailable", problem.Message, problem);
        }
        finally
        {
            _turn.Release();
        }
    }
}
