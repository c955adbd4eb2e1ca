using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cairn.Broker.Tokens;

namespace Cairn.Broker.Proofs;

/// <summary>
/// A DPoP proof (RFC 9449 §4.2) whose form and signature were checked (§4.3, steps 2 to 7). What it must say besides
/// (method, address, time, token, nonce, not twice) is asked of it afterwards.
/// </summary>
internal sealed class DpopProof
{
    private const int MaxId = 256;

    private DpopProof(PublicJwk key, JsonElement claims)
    {
        Key = key;
        Id = claims.RequiredText("jti");
        Method = claims.RequiredText("htm");
        Address = claims.RequiredText("htu");
        Issued = claims.Date("iat") ?? throw new TokenFormatException("the proof's \"iat\" is missing");
        TokenHash = claims.Text("ath");
        Nonce = claims.Text("nonce");
        if (Id.Length is 0 or > MaxId)
        {
            throw new TokenFormatException($"the proof's \"jti\" has {Id.Length} characters, expected 1 to {MaxId}");
        }
    }

    public PublicJwk Key { get; }

    public string Id { get; }

    public string Method { get; }

    public string Address { get; }

    public DateTimeOffset Issued { get; }

    public string? TokenHash { get; }

    public string? Nonce { get; }

    /// <summary>Reads a proof and checks that it is signed by the key that it carries.</summary>
    /// <exception cref="TokenFormatException">It is not.</exception>
    public static DpopProof Parse(string text)
    {
        var jws = CompactJws.Parse(text, "the DPoP proof");
        if (jws.Header.RequiredText("typ") != "dpop+jwt")
        {
            throw new TokenFormatException("the proof's \"typ\" is not dpop+jwt");
        }

        var key = jws.Header.TryGetProperty("jwk", out var jwk) ? PublicJwk.Parse(jwk) : throw new TokenFormatException("the proof's header has no \"jwk\"");
        return jws.IsSignedBy(key) ? new DpopProof(key, jws.Claims) : throw new TokenFormatException("the proof is not signed by the key in its header");
    }

    /// <summary>Whether it was made for this request (§4.3 steps 8 and 9). Query and fragment don't count.</summary>
    public bool IsFor(string method, Uri address) =>
        Method == method && Uri.TryCreate(Address, UriKind.Absolute, out var made) && Bare(made) == Bare(address);

    /// <summary>Whether it was made for this token (§4.3 step 12).</summary>
    public bool IsForToken(string token) => TokenHash is not null && CryptographicOperations.FixedTimeEquals(
        Encoding.UTF8.GetBytes(TokenHash), Encoding.ASCII.GetBytes(HashOf(token)));

    /// <summary><c>ath</c>: SHA-256 of the token's ASCII text, base64url (§4.2).</summary>
    public static string HashOf(string token) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(token)));

    // System.Uri normalises scheme and host case, default ports, dot segments and escapes of unreserved characters: RFC 3986 §6.2.2, §6.2.3.
    private static string Bare(Uri address) => address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
}
