using Cairn.Broker.Proofs;
using Cairn.Evidence;
using Cairn.Identity.Credentials;

namespace Cairn.Broker;

/// <summary>
/// Credentials from a broker in this process, for a gateway that has authenticated the actor itself. Each is bound to a
/// key that only this process holds.
/// </summary>
public sealed class LocalCredentialSource : ICredentialSource, IDisposable
{
    private readonly CredentialBroker _broker;
    private readonly SpiffeId _gateway;
    private readonly HolderKey _key;

    /// <param name="broker">The broker; owned by the caller.</param>
    /// <param name="gateway">The gateway; the broker's settings must name it among the gateways, or it can only ask for itself.</param>
    /// <param name="time">The clock.</param>
    public LocalCredentialSource(CredentialBroker broker, SpiffeId gateway, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(broker);
        (_broker, _gateway, _key) = (broker, gateway, HolderKey.Create(time));
    }

    /// <inheritdoc/>
    public async ValueTask<IssuedCredential> ObtainAsync(CredentialDemand demand, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(demand);
        var isBearer = demand.IsBearer || _broker.Settings.BearerAudience.Contains(demand.Audience, StringComparer.Ordinal);
        var issued = await _broker.ExchangeAsync(
            new ExchangeRequest
            {
                Client = _gateway,
                Actor = demand.Actor,
                SubjectToken = demand.SubjectToken,
                SubjectTokenType = demand.SubjectToken is { } token ? TypeOf(token) : TokenTypes.AccessToken,
                Audience = [demand.Audience],
                Scope = demand.Scope,
                Ttl = demand.Ttl,
                HolderKey = isBearer ? null : $"jkt:{_key.Thumbprint}",
                Context = new TraceParent(demand.Trace, demand.Span),
            },
            cancellationToken);
        var entry = issued.Entry;
        return new IssuedCredential
        {
            Id = entry.Id,
            Token = issued.Token,
            TokenType = issued.TokenType,
            Issuer = issued.Issuer,
            Subject = entry.Subject,
            Actors = entry.Actors,
            Audience = entry.Audience,
            Scope = entry.Scope,
            HolderKey = entry.HolderKey,
            Expires = entry.Expires,
            Prove = isBearer ? null : (method, address) => _key.Prove(method, address, issued.Token),
        };
    }

    /// <inheritdoc/>
    public ValueTask<bool> IsActiveAsync(IssuedCredential credential, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(credential);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return new(_broker.IsActive(credential.Id));
        }
        catch (Exception e) when (e is Microsoft.Data.Sqlite.SqliteException or ObjectDisposedException or InvalidOperationException)
        {
            throw new CredentialRefusedException("unavailable", $"the broker's store can't be read: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask RevokeAsync(IssuedCredential credential, string reason, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(credential);
        try
        {
            await _broker.RevokeAsync(credential.Id, reason, _gateway.ToString(), cancellationToken);
        }
        catch (Exception e) when (e is Microsoft.Data.Sqlite.SqliteException or ObjectDisposedException or InvalidOperationException)
        {
            throw new CredentialRefusedException("unavailable", $"the broker's store can't be written: {e.Message}", e);
        }
    }

    /// <summary>Destroys the key: what was obtained here can't be used any more.</summary>
    public void Dispose() => _key.Dispose();

    // A token of this broker says so in its header; everything else is for the check of foreign tokens.
    private string TypeOf(string token) => _broker.Tokens.IsOurs(token) ? TokenTypes.AccessToken : TokenTypes.Jwt;
}
