using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace Cairn.Broker.Tokens;

/// <summary>
/// A public key as a JWK (RFC 7517): P-256 for ES256, RSA of 2,048 to 8,192 bits for RS256 and PS256. A key with a
/// private part is refused: whoever sends one has given it away.
/// </summary>
public sealed class PublicJwk
{
    private static readonly string[] PrivateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    private readonly ECParameters? _ec;
    private readonly RSAParameters? _rsa;

    private PublicJwk(ECParameters? ec, RSAParameters? rsa, string? keyId)
    {
        (_ec, _rsa, KeyId) = (ec, rsa, keyId);
        Thumbprint = Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(Canonical())));
    }

    /// <summary><c>kid</c>; null without one.</summary>
    public string? KeyId { get; }

    /// <summary>The SHA-256 thumbprint, base64url (RFC 7638 §3): what <c>jkt</c> holds (RFC 9449 §6.1).</summary>
    public string Thumbprint { get; }

    /// <summary>The public half of a key.</summary>
    public static PublicJwk Of(ECDsa key, string? keyId = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new PublicJwk(key.ExportParameters(false), null, keyId);
    }

    /// <summary>The key of a certificate.</summary>
    /// <exception cref="TokenFormatException">It is no key of a kind named above.</exception>
    public static PublicJwk Of(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        using var ec = certificate.GetECDsaPublicKey();
        using var rsa = ec is null ? certificate.GetRSAPublicKey() : null;
        return (ec, rsa) switch
        {
            ({ KeySize: 256 } key, _) => Of(key),
            (_, { KeySize: >= 2048 and <= 8192 } key) => new PublicJwk(null, key.ExportParameters(false), null),
            _ => throw new TokenFormatException("a certificate's key is neither P-256 nor RSA of 2,048 to 8,192 bits"),
        };
    }

    /// <summary>The usable keys of a JWK set (RFC 7517 §5): those of kinds that are not known here are left out, as it asks.</summary>
    /// <exception cref="TokenFormatException">It is no JWK set.</exception>
    public static IReadOnlyList<PublicJwk> ParseSet(JsonElement set)
    {
        if (set.ValueKind != JsonValueKind.Object || !set.TryGetProperty("keys", out var keys) || keys.ValueKind != JsonValueKind.Array)
        {
            throw new TokenFormatException("a JWK set is no object with an array \"keys\"");
        }

        return [.. keys.EnumerateArray().Where(k => k.Text("kty") is "EC" or "RSA" && k.Text("crv") is null or "P-256" && k.Text("use") is null or "sig").Select(Parse)];
    }

    /// <summary>Reads a JWK.</summary>
    /// <exception cref="TokenFormatException">It is no key of a kind named above, or has a private part.</exception>
    public static PublicJwk Parse(JsonElement jwk)
    {
        if (jwk.ValueKind != JsonValueKind.Object)
        {
            throw new TokenFormatException("a key is not a JSON object");
        }

        if (PrivateMembers.FirstOrDefault(name => jwk.TryGetProperty(name, out _)) is { } found)
        {
            throw new TokenFormatException($"a key holds the private member \"{found}\", expected a public key");
        }

        return jwk.RequiredText("kty") switch
        {
            "EC" => Ec(jwk),
            "RSA" => Rsa(jwk),
            _ => throw new TokenFormatException("a key's \"kty\" is neither EC nor RSA"),
        };
    }

    /// <summary>The key with its <c>kid</c>, as a JSON object's members.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        ArgumentNullException.ThrowIfNull(json);
        json.WriteStartObject();
        foreach (var (name, value) in Members())
        {
            json.WriteString(name, value);
        }

        if (KeyId is not null)
        {
            json.WriteString("kid"u8, KeyId);
        }

        json.WriteEndObject();
    }

    /// <summary>The key as JSON.</summary>
    public override string ToString()
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            WriteTo(json);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Whether the signature (JWS form: RFC 7518 §3.3 to §3.5) is this key's. An algorithm of another key type is never a match.</summary>
    internal bool Verify(string algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (_ec is { } curve)
        {
            using var ec = ECDsa.Create(curve);
            return algorithm == "ES256" && ec.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }

        var padding = algorithm switch { "RS256" => RSASignaturePadding.Pkcs1, "PS256" => RSASignaturePadding.Pss, _ => null };
        using var rsa = RSA.Create(_rsa!.Value);
        return padding is not null && rsa.VerifyData(data, signature, HashAlgorithmName.SHA256, padding);
    }

    private static PublicJwk Ec(JsonElement jwk)
    {
        if (jwk.RequiredText("crv") != "P-256")
        {
            throw new TokenFormatException("an EC key's \"crv\" is not P-256");
        }

        var point = new ECPoint { X = StrictJson.Bytes(jwk.RequiredText("x"), "\"x\""), Y = StrictJson.Bytes(jwk.RequiredText("y"), "\"y\"") };
        if (point is not { X.Length: 32, Y.Length: 32 })
        {
            throw new TokenFormatException("coordinates of a P-256 key are not 32 bytes each (RFC 7518 §6.2.1.2)");
        }

        var parameters = new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = point };
        try
        {
            using var onCurve = ECDsa.Create(parameters);
        }
        catch (CryptographicException e)
        {
            throw new TokenFormatException("an EC key's point is not on P-256", e);
        }

        return new PublicJwk(parameters, null, jwk.Text("kid"));
    }

    private static PublicJwk Rsa(JsonElement jwk)
    {
        var parameters = new RSAParameters { Modulus = StrictJson.Bytes(jwk.RequiredText("n"), "\"n\""), Exponent = StrictJson.Bytes(jwk.RequiredText("e"), "\"e\"") };
        if (parameters is not { Modulus: { Length: >= 256 and <= 1024 } and not [0, ..], Exponent: { Length: >= 1 and <= 4 } and not [0, ..] })
        {
            throw new TokenFormatException("an RSA key's modulus has not 2,048 to 8,192 bits, or it or its exponent has leading zeros");
        }

        return new PublicJwk(null, parameters, jwk.Text("kid"));
    }

    // RFC 7638 §3.2: only the required members, in lexicographic order.
    private IEnumerable<(string Name, string Value)> Members() => _ec is { } ec
        ? [("crv", "P-256"), ("kty", "EC"), ("x", Base64Url.EncodeToString(ec.Q.X)), ("y", Base64Url.EncodeToString(ec.Q.Y))]
        : [("e", Base64Url.EncodeToString(_rsa!.Value.Exponent)), ("kty", "RSA"), ("n", Base64Url.EncodeToString(_rsa.Value.Modulus))];

    private string Canonical() => "{" + string.Join(',', Members().Select(m => $"\"{m.Name}\":\"{m.Value}\"")) + "}";
}
