using System.Buffers.Text;
using System.Security.Cryptography;
using Cairn.Broker.Tokens;

namespace Cairn.Broker.Proofs;

/// <summary>A key that a process holds, to which credentials are bound: it makes DPoP proofs (RFC 9449 §4.2). The key never leaves the process. Safe for several threads.</summary>
public sealed class HolderKey : IDisposable
{
    private readonly ECDsa _key;
    private readonly Lock _gate = new();
    private readonly PublicJwk _public;
    private readonly TimeProvider _time;

    private HolderKey(ECDsa key, TimeProvider time) => (_key, _public, _time) = (key, PublicJwk.Of(key), time);

    /// <summary>Its SHA-256 thumbprint, base64url: <c>jkt</c>.</summary>
    public string Thumbprint => _public.Thumbprint;

    /// <summary>A new key, P-256.</summary>
    public static HolderKey Create(TimeProvider? time = null) => new(ECDsa.Create(ECCurve.NamedCurves.nistP256), time ?? TimeProvider.System);

    /// <summary>A proof for one request.</summary>
    /// <param name="method">The request's method.</param>
    /// <param name="address">Its address; query and fragment are left out.</param>
    /// <param name="token">The token that it is shown with; null at a token endpoint.</param>
    /// <param name="nonce">The nonce that the server asked for; null: none.</param>
    public string Prove(HttpMethod method, Uri address, string? token = null, string? nonce = null)
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(address);
        var bare = address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
        lock (_gate)
        {
            return CompactJws.Sign(
                _key,
                header =>
                {
                    header.WriteString("typ"u8, "dpop+jwt");
                    header.WriteString("alg"u8, "ES256");
                    header.WritePropertyName("jwk"u8);
                    _public.WriteTo(header);
                },
                claims =>
                {
                    claims.WriteString("jti"u8, Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)));
                    claims.WriteString("htm"u8, method.Method);
                    claims.WriteString("htu"u8, bare);
                    claims.WriteNumber("iat"u8, _time.GetUtcNow().ToUnixTimeSeconds());
                    if (token is not null)
                    {
                        claims.WriteString("ath"u8, DpopProof.HashOf(token));
                    }

                    if (nonce is not null)
                    {
                        claims.WriteString("nonce"u8, nonce);
                    }
                });
        }
    }

    /// <summary>Destroys the key; what is bound to it can't be used any more.</summary>
    public void Dispose() => _key.Dispose();
}
