using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Cairn.Broker.Store;
using Cairn.Broker.Tokens;
using Cairn.Evidence;
using Cairn.Identity.Bundles;
using Cairn.Identity.Credentials;
using Cairn.Identity.Svids;

namespace Cairn.Broker.Clients;

/// <summary>
/// Finds out which workload a client is: by the X.509-SVID of its TLS connection (RFC 8705 §2), by a JWT that it signs with
/// the key of its X.509-SVID or with a registered key (<c>private_key_jwt</c>, RFC 7523 §2.2, §3), or by a JWT-SVID.
/// </summary>
internal sealed class ClientAuthenticator(BrokerSettings settings, Func<TrustBundleSet> bundles)
{
    // An assertion is remembered until it ends, so it must end soon.
    private static readonly TimeSpan LongestAssertion = TimeSpan.FromMinutes(10);
    private const int MostCertificates = 8;

    private TimeSpan Skew => TimeSpan.FromSeconds(settings.ClockSkewS);

    /// <summary>The workload that a client is.</summary>
    /// <exception cref="CredentialRefusedException"><c>invalid_client</c>, or <c>invalid_request</c> where the parameters don't go together.</exception>
    public AuthenticatedClient Authenticate(ClientProof shown, DateTimeOffset now)
    {
        var certificate = shown.Certificates is [] ? null : OfConnection(shown.Certificates, now);
        var client = (shown.Assertion, shown.AssertionType) switch
        {
            (null, null) when certificate is not null => new AuthenticatedClient(certificate.Id, "tls_client_auth", null, null),
            (null, null) => throw Invalid("the client did not authenticate: show an X.509-SVID as TLS client certificate, or a client_assertion"),
            (null, _) or (_, null) => throw new CredentialRefusedException("invalid_request", "client_assertion and client_assertion_type go together (RFC 7521 §4.2), and one of them is missing"),
            (var assertion, AssertionTypes.JwtSvid) => JwtSvid(assertion, now),
            (var assertion, AssertionTypes.Jwt) => Jwt(assertion, shown.Endpoint, now),
            _ => throw Invalid($"client_assertion_type is neither {AssertionTypes.Jwt} nor {AssertionTypes.JwtSvid}"),
        };
        if (shown.ClientId is { } named && named != client.Id.ToString())
        {
            throw Invalid($"client_id is not the workload that authenticated, {client.Id}");
        }

        return certificate is null || certificate.Id == client.Id
            ? client with { Certificate = certificate is null ? null : Base64Url.EncodeToString(SHA256.HashData(certificate.Leaf.Span)) }
            : throw Invalid($"the TLS client certificate is of {certificate.Id}, the client_assertion of {client.Id}");
    }

    private VerifiedX509Svid OfConnection(IReadOnlyList<ReadOnlyMemory<byte>> certificates, DateTimeOffset now)
    {
        try
        {
            return X509SvidValidator.Validate(certificates, bundles(), now);
        }
        catch (SvidRejectedException e)
        {
            throw new CredentialRefusedException("invalid_client", $"the TLS client certificate is no X.509-SVID that holds: {e.Message}", e);
        }
    }

    private AuthenticatedClient Jwt(string assertion, Uri endpoint, DateTimeOffset now)
    {
        CompactJws jws;
        try
        {
            jws = CompactJws.Parse(assertion, "the client assertion");

            // A JWT-SVID has no "iss" that is its subject; private_key_jwt must (RFC 7523 §3).
            if (jws.Claims.Text("iss") is not { } issuer || issuer != jws.Claims.Text("sub"))
            {
                return JwtSvid(assertion, now);
            }

            var id = SpiffeId.TryParse(issuer, out var workload) ? workload : throw Invalid("the client assertion's \"iss\" is not a SPIFFE ID");
            RequireSigned(jws, id, now);
            var expires = RequireClaims(jws, endpoint, now);
            return new AuthenticatedClient(id, "private_key_jwt", null, OnceOf(id, jws.Claims.RequiredText("jti"), expires));
        }
        catch (TokenFormatException e)
        {
            throw new CredentialRefusedException("invalid_client", e.Message, e);
        }
    }

    // By the key of the X.509-SVID in the header (x5c, RFC 7515 §4.1.6), or by a key that an operator registered. The
    // header alone proves nothing: the certificate must be of the trust domain's authority, and name this workload.
    private void RequireSigned(CompactJws jws, SpiffeId id, DateTimeOffset now)
    {
        if (jws.Header.TryGetProperty("x5c", out var chain))
        {
            var svid = OfHeader(chain, now);
            if (svid.Id != id)
            {
                throw Invalid($"the client assertion says {id} and is signed with an X.509-SVID of {svid.Id}");
            }

            using var leaf = X509CertificateLoader.LoadCertificate(svid.Leaf.Span);
            if (!jws.IsSignedBy(PublicJwk.Of(leaf)))
            {
                throw Invalid("the client assertion is not signed by the key of the X.509-SVID in its header");
            }

            return;
        }

        var registered = settings.Clients.FirstOrDefault(c => c.Id == id.ToString())
            ?? throw Invalid($"{id} is not among the clients of broker.json, and its assertion has no X.509-SVID (\"x5c\")");
        if (!PublicJwk.ParseSet(registered.Jwks).Where(k => jws.KeyId is null || k.KeyId is null || k.KeyId == jws.KeyId).Any(jws.IsSignedBy))
        {
            throw Invalid($"the client assertion is signed by no key that is registered for {id}");
        }
    }

    private VerifiedX509Svid OfHeader(JsonElement chain, DateTimeOffset now)
    {
        if (chain.ValueKind != JsonValueKind.Array || chain.GetArrayLength() is 0 or > MostCertificates)
        {
            throw Invalid($"the client assertion's \"x5c\" is no array of 1 to {MostCertificates} certificates");
        }

        try
        {
            return X509SvidValidator.Validate([.. chain.EnumerateArray().Select(c => (ReadOnlyMemory<byte>)c.GetBytesFromBase64())], bundles(), now);
        }
        catch (SvidRejectedException e)
        {
            throw new CredentialRefusedException("invalid_client", $"the client assertion's \"x5c\" is no X.509-SVID that holds: {e.Message}", e);
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException or CryptographicException)
        {
            throw new CredentialRefusedException("invalid_client", "the client assertion's \"x5c\" holds something other than base64 of DER certificates", e);
        }
    }

    // RFC 7523 §3, in its order.
    private DateTimeOffset RequireClaims(CompactJws jws, Uri endpoint, DateTimeOffset now)
    {
        if (!jws.Claims.Texts("aud").Any(a => a == settings.Issuer || a == endpoint.AbsoluteUri))
        {
            throw Invalid($"the client assertion's \"aud\" is neither {settings.Issuer} nor {endpoint}");
        }

        var expires = jws.Claims.Date("exp") ?? throw Invalid("the client assertion has no \"exp\"");
        if (expires + Skew <= now)
        {
            throw Invalid($"the client assertion expired {(now - expires).TotalSeconds:0} s ago");
        }

        if (expires - Skew > now + LongestAssertion)
        {
            throw Invalid($"the client assertion is good for {(expires - now).TotalSeconds:0} s; at most {LongestAssertion.TotalSeconds:0} are accepted");
        }

        return jws.Claims.Date("nbf") > now + Skew || jws.Claims.Date("iat") > now + Skew
            ? throw Invalid("the client assertion is from the future")
            : expires;
    }

    // Its jti is optional, and SPIRE's agent hands one JWT-SVID out again and again (decision 0083): it is used up only where it has one.
    private AuthenticatedClient JwtSvid(string token, DateTimeOffset now)
    {
        try
        {
            var svid = JwtSvidValidator.Validate(token, settings.Issuer, bundles(), now);
            return new AuthenticatedClient(svid.Id, "spiffe_jwt", null, svid.TokenId is { } id ? OnceOf(svid.Id, id, svid.Expires) : null);
        }
        catch (SvidRejectedException e)
        {
            throw new CredentialRefusedException("invalid_client", $"the client assertion is no JWT-SVID that holds: {e.Message}", e);
        }
    }

    private OneTime OnceOf(SpiffeId client, string id, DateTimeOffset expires) =>
        new(SHA256.HashData(Encoding.UTF8.GetBytes($"assertion {client} {id}")), expires + Skew + TimeSpan.FromSeconds(1));

    private static CredentialRefusedException Invalid(string why) => new("invalid_client", why);
}
