using System.Globalization;
using System.Text.Json;
using Cairn.Broker.Exchange;
using Cairn.Broker.Proofs;
using Cairn.Broker.Tokens;
using Cairn.Evidence;
using Cairn.Identity.Credentials;

namespace Cairn.Broker;

/// <summary>
/// Credentials from a broker elsewhere, for a gateway that has authenticated the actor itself. Each is bound to a key that
/// only this process holds, and is asked about once more right before use.
/// </summary>
public sealed class HttpCredentialSource : ICredentialSource, IDisposable
{
    private readonly BrokerClient _client;
    private readonly IReadOnlyCollection<string> _bearerAudience;
    private readonly HolderKey _key;

    /// <param name="client">Who asks, and whom; owned by this object from now on.</param>
    /// <param name="bearerAudience">Audiences whose tokens are to be bound to no key; the broker's settings must say the same.</param>
    /// <param name="time">The clock, for proofs.</param>
    public HttpCredentialSource(BrokerClient client, IReadOnlyCollection<string>? bearerAudience = null, TimeProvider? time = null) =>
        (_client, _bearerAudience, _key) = (client, bearerAudience ?? [], HolderKey.Create(time));

    /// <inheritdoc/>
    public async ValueTask<IssuedCredential> ObtainAsync(CredentialDemand demand, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(demand);
        var isBearer = demand.IsBearer || _bearerAudience.Contains(demand.Audience, StringComparer.Ordinal);
        var form = await FormAsync(demand, cancellationToken);
        var answer = await _client.TokenAsync(form, isBearer ? null : _key, new TraceParent(demand.Trace, demand.Span), cancellationToken);
        try
        {
            return Read(demand, answer, isBearer);
        }
        catch (TokenFormatException e)
        {
            throw new CredentialRefusedException("unavailable", $"{_client.Issuer} answered with something other than what was asked for: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> IsActiveAsync(IssuedCredential credential, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(credential);
        return _client.IsActiveAsync(credential.Token, null, "none", null, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask RevokeAsync(IssuedCredential credential, string reason, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(credential);
        return _client.RevokeAsync(credential.Token, reason, cancellationToken);
    }

    /// <summary>Destroys the key: what was obtained here can't be used any more.</summary>
    public void Dispose()
    {
        _key.Dispose();
        _client.Dispose();
    }

    private async ValueTask<List<KeyValuePair<string, string>>> FormAsync(CredentialDemand demand, CancellationToken cancellationToken)
    {
        var isOwn = demand.SubjectToken is null && demand.Actor == await _client.IdAsync(cancellationToken);
        List<KeyValuePair<string, string>> form =
        [
            new("grant_type", isOwn ? "client_credentials" : "urn:ietf:params:oauth:grant-type:token-exchange"),
            new("audience", demand.Audience),
            new("requested_expires_in", Math.Max(1, (long)demand.Ttl.TotalSeconds).ToString(CultureInfo.InvariantCulture)),
        ];
        if (demand.Scope.Count > 0)
        {
            form.Add(new("scope", string.Join(' ', demand.Scope)));
        }

        if (!isOwn)
        {
            // On the actor's own behalf its id stands for a subject token too: a gateway has authenticated it.
            form.AddRange(demand.SubjectToken is { } token
                ? [new("subject_token", token), new("subject_token_type", AccessTokens.IsOf(token, _client.Issuer) ? TokenTypes.AccessToken : TokenTypes.Jwt)]
                : [new("subject_token", demand.Actor.ToString()), new("subject_token_type", TokenTypes.SpiffeId)]);
            form.AddRange([new("actor_token", demand.Actor.ToString()), new("actor_token_type", TokenTypes.SpiffeId)]);
        }

        return form;
    }

    // The broker is trusted to issue; that what it issued is what was asked for is seen to all the same.
    private IssuedCredential Read(CredentialDemand demand, JsonElement answer, bool isBearer)
    {
        var token = answer.RequiredText("access_token");
        var claims = CompactJws.Parse(token, "the access token").Claims;
        var scope = claims.Text("scope")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        var audience = claims.Texts("aud");
        var holder = TokenClaims.HolderOf(claims);
        if (claims.RequiredText("iss") != _client.Issuer || !audience.Contains(demand.Audience, StringComparer.Ordinal) || (demand.Scope.Count > 0 && scope.Except(demand.Scope, StringComparer.Ordinal).Any()))
        {
            throw new TokenFormatException("the token is of another issuer, for another audience or of a wider scope");
        }

        if (holder != (isBearer ? null : $"jkt:{_key.Thumbprint}"))
        {
            throw new TokenFormatException("the token is not bound as was asked for");
        }

        return new IssuedCredential
        {
            Id = claims.RequiredText("jti"),
            Token = token,
            TokenType = isBearer ? "Bearer" : "DPoP",
            Issuer = _client.Issuer,
            Subject = claims.RequiredText("sub"),
            Actors = TokenClaims.ActorsOf(claims),
            Audience = audience,
            Scope = scope,
            HolderKey = holder,
            Expires = claims.Date("exp") ?? throw new TokenFormatException("\"exp\" is missing"),
            Prove = isBearer ? null : (method, address) => _key.Prove(method, address, token),
        };
    }
}
