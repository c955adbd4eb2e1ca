using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Cairn.Evidence;

namespace Cairn.Identity.Bundles;

/// <summary>A trust bundle as a JWK Set (SPIFFE Trust Domain and Bundle §4, X509-SVID §6, JWT-SVID §6, RFC 7517, RFC 7518 §6).</summary>
internal static class TrustBundleJson
{
    private const string X509Use = "x509-svid";
    private const string JwtUse = "jwt-svid";
    private const int MaxBytes = 4 * 1024 * 1024;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    public static TrustBundle Read(TrustBundle empty, ReadOnlySpan<byte> json, bool isJwtOnly)
    {
        if (json.Length > MaxBytes)
        {
            throw new EvidenceFormatException($"trust bundle of {empty.TrustDomain}: expected at most {MaxBytes:N0} bytes, found {json.Length:N0}");
        }

        try
        {
            using var document = JsonDocument.Parse(json.ToArray(), Strict);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("keys", out var keys) || keys.ValueKind != JsonValueKind.Array)
            {
                throw new EvidenceFormatException($"trust bundle of {empty.TrustDomain}: expected a JSON object with an array \"keys\"");
            }

            var (roots, jwtKeys) = (new List<ReadOnlyMemory<byte>>(), new List<JwtAuthority>());
            foreach (var key in keys.EnumerateArray())
            {
                var use = Text(key, "use") ?? (isJwtOnly ? JwtUse : null);
                if (use == X509Use && !isJwtOnly && Root(key) is { } certificate)
                {
                    roots.Add(certificate);
                }
                else if (use == JwtUse && JwtKey(key) is { } authority)
                {
                    if (jwtKeys.Any(known => known.KeyId == authority.KeyId))
                    {
                        throw new EvidenceFormatException($"trust bundle of {empty.TrustDomain}: two keys have the kid {authority.KeyId}");
                    }

                    jwtKeys.Add(authority);
                }
            }

            return empty with
            {
                X509Authorities = roots,
                JwtAuthorities = jwtKeys,
                Sequence = Whole(root, "spiffe_sequence"),
                RefreshHint = Whole(root, "spiffe_refresh_hint") is { } seconds ? TimeSpan.FromSeconds(Math.Min(seconds, int.MaxValue)) : null,
            };
        }
        catch (Exception error) when (error is JsonException or FormatException or CryptographicException or InvalidOperationException)
        {
            throw error as EvidenceFormatException ?? new EvidenceFormatException($"trust bundle of {empty.TrustDomain}: {error.Message}", error);
        }
    }

    public static byte[] Write(TrustBundle bundle, bool isJwtOnly)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("keys");
            foreach (var root in isJwtOnly ? [] : bundle.X509Authorities)
            {
                using var certificate = X509CertificateLoader.LoadCertificate(root.Span);
                using var key = (AsymmetricAlgorithm?)certificate.GetECDsaPublicKey() ?? certificate.GetRSAPublicKey()
                    ?? throw new EvidenceFormatException($"trust bundle of {bundle.TrustDomain}: the root {certificate.Subject} has neither an EC nor an RSA key");
                json.WriteStartObject();
                json.WriteString("use", X509Use);
                WriteKey(json, key);
                json.WriteStartArray("x5c");
                json.WriteBase64StringValue(root.Span);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            foreach (var authority in bundle.JwtAuthorities)
            {
                using var key = authority.Open();
                json.WriteStartObject();
                json.WriteString("use", JwtUse);
                json.WriteString("kid", authority.KeyId);
                WriteKey(json, key);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            if (bundle.Sequence is { } sequence && !isJwtOnly)
            {
                json.WriteNumber("spiffe_sequence", sequence);
            }

            if (bundle.RefreshHint is { } hint && !isJwtOnly)
            {
                json.WriteNumber("spiffe_refresh_hint", (long)hint.TotalSeconds);
            }

            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    // X509-SVID §6.2: without x5c the entry is ignored; of several values the first counts.
    private static ReadOnlyMemory<byte>? Root(JsonElement key)
    {
        if (Text(key, "kty") is not ("EC" or "RSA") || !key.TryGetProperty("x5c", out var chain) || chain.ValueKind != JsonValueKind.Array || chain.GetArrayLength() == 0)
        {
            return null;
        }

        var der = chain[0].GetBytesFromBase64();
        using var certificate = X509CertificateLoader.LoadCertificate(der);
        return certificate.RawDataMemory.Span.SequenceEqual(der)
            ? der
            : throw new EvidenceFormatException("an x5c value holds something other than one DER certificate");
    }

    private static JwtAuthority? JwtKey(JsonElement key)
    {
        var id = Text(key, "kid");
        switch (Text(key, "kty"))
        {
            case "EC":
                ECCurve? curve = Text(key, "crv") switch
                {
                    "P-256" => ECCurve.NamedCurves.nistP256,
                    "P-384" => ECCurve.NamedCurves.nistP384,
                    "P-521" => ECCurve.NamedCurves.nistP521,
                    _ => null,
                };
                if (curve is null)
                {
                    return null;
                }

                using (var ec = ECDsa.Create(new ECParameters { Curve = curve.Value, Q = new ECPoint { X = Bytes(key, "x"), Y = Bytes(key, "y") } }))
                {
                    return new JwtAuthority(id ?? "", ec.ExportSubjectPublicKeyInfo());
                }

            case "RSA":
                using (var rsa = RSA.Create(new RSAParameters { Modulus = Bytes(key, "n"), Exponent = Bytes(key, "e") }))
                {
                    return new JwtAuthority(id ?? "", rsa.ExportSubjectPublicKeyInfo());
                }

            default:
                return null;
        }
    }

    private static void WriteKey(Utf8JsonWriter json, AsymmetricAlgorithm key)
    {
        if (key is ECDsa ec)
        {
            var parameters = ec.ExportParameters(false);
            json.WriteString("kty", "EC");
            json.WriteString("crv", $"P-{ec.KeySize}");
            json.WriteString("x", Base64Url.EncodeToString(parameters.Q.X));
            json.WriteString("y", Base64Url.EncodeToString(parameters.Q.Y));
        }
        else
        {
            var parameters = ((RSA)key).ExportParameters(false);
            json.WriteString("kty", "RSA");
            json.WriteString("n", Base64Url.EncodeToString(parameters.Modulus));
            json.WriteString("e", Base64Url.EncodeToString(parameters.Exponent));
        }
    }

    private static string? Text(JsonElement key, string name) =>
        key.ValueKind == JsonValueKind.Object && key.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static byte[] Bytes(JsonElement key, string name) => Text(key, name) is { } text
        ? Base64Url.DecodeFromChars(text)
        : throw new EvidenceFormatException($"a key lacks its member \"{name}\"");

    private static long? Whole(JsonElement root, string name)
    {
        if (!root.TryGetProperty(name, out var value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0
            ? number
            : throw new EvidenceFormatException($"expected {name} to be a whole number from 0 on, found {value.ValueKind}");
    }
}
