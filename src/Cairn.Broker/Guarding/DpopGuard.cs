using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Cairn.Broker.Endpoints;
using Cairn.Broker.Guarding;
using Cairn.Broker.Proofs;
using Cairn.Broker.Tokens;
using Cairn.Identity.Credentials;

namespace Cairn.Broker;

/// <summary>
/// Checks the tokens that a resource is shown (RFC 9068 §4): signature by the broker's keys, issuer, audience, time, scope,
/// and that whoever shows it holds its key: by a DPoP proof for this very request (RFC 9449 §7), never taken twice, or by a
/// TLS client certificate (RFC 8705 §3). Needs the broker only for its keys, unless it is to introspect. Safe for many calls at once.
/// </summary>
public sealed class DpopGuard : IDisposable
{
    private readonly DpopGuardOptions _options;
    private readonly HttpClient _http;
    private readonly KeySet _keys;
    private readonly ProofMemory _seen;
    private readonly NonceKey _nonces = new(RandomNumberGenerator.GetBytes(32));
    private readonly ProofRules _rules;

    /// <summary>A guard; the keys are fetched with the first token.</summary>
    public DpopGuard(DpopGuardOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _rules = new ProofRules(options.ProofAge, options.ClockSkew, _nonces, options.RequireNonce);
        _seen = new ProofMemory(_rules.Memory);
        _http = new HttpClient(options.Handler ?? new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(5) })
        {
            Timeout = TimeSpan.FromSeconds(10), MaxResponseContentBufferSize = 256 * 1024,
        };
        _keys = new KeySet(_http, options.KeysAddress ?? new EndpointAddresses(options.Issuer).Of(EndpointAddresses.Keys), options.Time);
    }

    /// <summary>Whether proofs must carry a nonce.</summary>
    public bool RequiresNonce => _options.RequireNonce;

    /// <summary>A fresh nonce, for a <c>DPoP-Nonce</c> header field.</summary>
    public string NextNonce() => _nonces.Make(_options.Time.GetUtcNow());

    /// <summary>Checks a request.</summary>
    /// <returns>Who calls.</returns>
    /// <exception cref="TokenRefusedException">A token of the broker's does not open this resource to whoever shows it.</exception>
    /// <exception cref="CredentialRefusedException">
    /// <c>invalid_request</c> (no token, or two), <c>invalid_token</c>, <c>insufficient_scope</c> (RFC 6750 §3.1),
    /// <c>invalid_dpop_proof</c>, <c>use_dpop_nonce</c> (RFC 9449 §7, §9), <c>unauthorized_client</c> (<see cref="GuardedRequest.Unless"/>),
    /// or <c>unavailable</c>: it can't be checked, so it must not pass.
    /// </exception>
    public async ValueTask<GuardedCaller> CheckAsync(GuardedRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var now = _options.Time.GetUtcNow();
        var (scheme, token) = TokenOf(request);
        try
        {
            var claims = await SignedAsync(token, cancellationToken);
            var shown = Read(claims);
            try
            {
                return await RequireAsync(request, scheme, token, claims, shown, now, cancellationToken);
            }
            catch (CredentialRefusedException e) when (e.Error != "unavailable")
            {
                throw new TokenRefusedException(shown, e);
            }
        }
        catch (TokenFormatException e)
        {
            throw new CredentialRefusedException("invalid_token", e.Message, e);
        }
    }

    /// <summary>Forgets the keys.</summary>
    public void Dispose()
    {
        _keys.Dispose();
        _http.Dispose();
    }

    private static (string Scheme, string Token) TokenOf(GuardedRequest request)
    {
        if (request.Authorization is not [{ } field])
        {
            throw new CredentialRefusedException("invalid_request", $"expected one Authorization header field, found {request.Authorization.Count}");
        }

        return field.Split(' ', 2) is [var scheme, { Length: > 0 } token] && (scheme.Equals("DPoP", StringComparison.OrdinalIgnoreCase) || scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
            ? (scheme, token)
            : throw new CredentialRefusedException("invalid_request", "the Authorization header field holds neither a DPoP nor a Bearer token");
    }

    /// <summary>The claims of a token of the broker's. Only what is signed is judged from here on.</summary>
    private async ValueTask<JsonElement> SignedAsync(string token, CancellationToken cancellationToken)
    {
        var jws = CompactJws.Parse(token, "the token");
        if (jws.Header.Text("typ") != "at+jwt" || jws.Algorithm != "ES256")
        {
            throw Invalid("the token is no access token signed with ES256 (typ at+jwt)");
        }

        if (await _keys.FindAsync(jws.KeyId, cancellationToken) is not { } key || !jws.IsSignedBy(key))
        {
            throw Invalid($"the token is signed by no key of {_options.Issuer}");
        }

        return jws.Claims.Text("iss") == _options.Issuer ? jws.Claims : throw Invalid($"the token is not of {_options.Issuer}");
    }

    private static GuardedCaller Read(JsonElement claims) => new(
        claims.RequiredText("jti"), claims.RequiredText("sub"), TokenClaims.ActorsOf(claims), claims.Text("client_id"),
        claims.Text("scope")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [], TokenClaims.HolderOf(claims), "none",
        claims.Date("exp") ?? throw Invalid("the token has no \"exp\""))
    {
        Audience = claims.Texts("aud"),
    };

    private async ValueTask<GuardedCaller> RequireAsync(
        GuardedRequest request, string scheme, string token, JsonElement claims, GuardedCaller shown, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!shown.Audience.Any(a => _options.Audience.Contains(a, StringComparer.Ordinal)))
        {
            throw Invalid($"the token is for another audience; expected {string.Join(" or ", _options.Audience)}");
        }

        if (shown.Expires + _options.ClockSkew <= now || claims.Date("iat") > now + _options.ClockSkew || claims.Date("nbf") > now + _options.ClockSkew)
        {
            throw Invalid("the token has expired or is from the future");
        }

        var caller = shown with { Proof = RequirePossession(request, scheme, token, shown.HolderKey, now) };
        if (_options.Scope.Concat(request.Scope).FirstOrDefault(s => !caller.Scope.Contains(s, StringComparer.Ordinal)) is { } missing)
        {
            throw new CredentialRefusedException("insufficient_scope", $"the token does not permit \"{missing}\"");
        }

        if (request.Unless?.Invoke(caller) is { } why)
        {
            throw new CredentialRefusedException("unauthorized_client", why);
        }

        // Last, so that only what will be served is recorded as a use.
        return _options.Introspection is not { } broker
            || await broker.IsActiveAsync(token, request.Address.GetLeftPart(UriPartial.Path), caller.Proof, request.Context, cancellationToken)
            ? caller
            : throw Invalid("the token does not hold any more: it was revoked, or its time is over");
    }

    // A token that is bound must not pass as one that is not (RFC 9449 §7.1: a DPoP token under Bearer is refused).
    private string RequirePossession(GuardedRequest request, string scheme, string token, string? holder, DateTimeOffset now)
    {
        var isDpop = scheme.Equals("DPoP", StringComparison.OrdinalIgnoreCase);
        switch (holder?.Split(':', 2))
        {
            case ["jkt", var thumbprint] when isDpop:
                var proof = _rules.Require(request.Proofs, request.Method, AddressOf(request), token, now);
                if (proof.Key.Thumbprint != thumbprint)
                {
                    throw new CredentialRefusedException("invalid_dpop_proof", "the proof is by another key than the one that the token is bound to");
                }

                return _seen.TrySee(thumbprint, proof.Id, now) ? "dpop" : throw new CredentialRefusedException("invalid_dpop_proof", "the proof was shown before (its \"jti\" was seen)");
            case ["x5t#S256", var thumbprint] when !isDpop:
                return request.Certificate is { } certificate && Base64Url.EncodeToString(SHA256.HashData(certificate.RawDataMemory.Span)) == thumbprint
                    ? "mtls"
                    : throw Invalid("the token is bound to a TLS client certificate, and the client showed another or none");
            case null when !isDpop && _options.AllowUnbound:
                return "none";
            case null:
                throw Invalid("the token is bound to no key, and such ones are not taken here");
            default:
                throw Invalid(isDpop ? "the token is bound to a certificate; expected the scheme Bearer" : "the token is bound to a DPoP key; expected the scheme DPoP and a proof");
        }
    }

    private Uri AddressOf(GuardedRequest request) => _options.Address is { } known ? new Uri(known, request.Address.PathAndQuery) : request.Address;

    private static CredentialRefusedException Invalid(string why) => new("invalid_token", why);
}
