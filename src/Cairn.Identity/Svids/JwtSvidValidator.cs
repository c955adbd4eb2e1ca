using System.Buffers.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Identity.Bundles;

namespace Cairn.Identity.Svids;

/// <summary>
/// Checks JWT-SVIDs (SPIFFE JWT-SVID §2 to §5) against trust bundles. The algorithm is chosen from a list of nine before
/// anything else is looked at; the key's type must fit it; and the bundle of the subject's own trust domain decides.
/// </summary>
public static class JwtSvidValidator
{
    // A caller's clock may be this much ahead of ours before its token counts as from the future.
    private static readonly TimeSpan Ahead = TimeSpan.FromSeconds(60);
    private const int MaxLength = 16 * 1024;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };
    private static readonly HashSet<string> Algorithms = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"];

    /// <summary>Checks a token.</summary>
    /// <param name="token">The JWT in compact serialization, without the word Bearer.</param>
    /// <param name="audience">Who asks: the value that <c>aud</c> must hold.</param>
    /// <param name="bundles">The trust bundles, by trust domain.</param>
    /// <param name="now">The time. A token is good before its <c>exp</c>, with no leeway; <c>nbf</c> and <c>iat</c> may be 60 s ahead.</param>
    /// <exception cref="SvidRejectedException">It breaks a rule.</exception>
    public static VerifiedJwtSvid Validate(string token, string audience, TrustBundleSet bundles, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentException.ThrowIfNullOrEmpty(audience);
        ArgumentNullException.ThrowIfNull(bundles);
        var parts = token.Length <= MaxLength ? token.Split('.') : [];
        if (parts.Length != 3)
        {
            throw Refuse(SvidRule.Form, $"expected a JWS in compact serialization (three parts, at most {MaxLength} characters), found {(parts.Length == 0 ? $"{token.Length} characters" : $"{parts.Length} parts")}");
        }

        var (algorithm, keyId) = ReadHeader(Json(parts[0], "header"));
        var claims = Json(parts[1], "claims");
        var id = Text(claims, "sub") is { } sub && SpiffeId.TryParse(sub, out var named) && named.Path.Length > 0
            ? named
            : throw Refuse(SvidRule.SpiffeId, "expected a claim sub that is a SPIFFE ID with a path");
        var signer = CheckSignature(id, algorithm, keyId, $"{parts[0]}.{parts[1]}", Decode(parts[2], "signature"), bundles);

        // Only what is signed is judged from here on.
        var audiences = Audiences(claims);
        if (!audiences.Contains(audience, StringComparer.Ordinal))
        {
            throw Refuse(SvidRule.Audience, audiences.Count == 0 ? "expected a claim aud with one value or more, found none" : $"expected the audience \"{audience}\", found {string.Join(", ", audiences.Take(4).Select(one => $"\"{one}\""))}");
        }

        var expires = Instant(claims, "exp") ?? throw Refuse(SvidRule.Validity, "expected a claim exp, found none");
        if (now >= expires)
        {
            throw Refuse(SvidRule.Validity, $"expected one that is good at {now.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}, found one that ended at {expires:yyyy-MM-dd'T'HH:mm:ss'Z'}");
        }

        foreach (var claim in (ReadOnlySpan<string>)["nbf", "iat"])
        {
            if (Instant(claims, claim) is { } start && start > now + Ahead)
            {
                throw Refuse(SvidRule.Validity, $"expected one that is good at {now.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}, found {claim} {start:yyyy-MM-dd'T'HH:mm:ss'Z'}");
            }
        }

        return new VerifiedJwtSvid(id, audiences, expires, signer, claims);
    }

    private static (string Algorithm, string? KeyId) ReadHeader(JsonElement header)
    {
        if (Text(header, "alg") is not { } algorithm || !Algorithms.Contains(algorithm))
        {
            throw Refuse(SvidRule.Algorithm, "expected alg to be one of RS, ES or PS with 256, 384 or 512, found another value or none");
        }

        foreach (var member in header.EnumerateObject())
        {
            if (member.Name is not ("alg" or "kid" or "typ") || member.Value.ValueKind != JsonValueKind.String)
            {
                throw Refuse(SvidRule.Header, $"expected a header of alg, kid and typ, each a string, found \"{member.Name[..Math.Min(member.Name.Length, 40)]}\"");
            }
        }

        return Text(header, "typ") is null or "JWT" or "JOSE"
            ? (algorithm, Text(header, "kid"))
            : throw Refuse(SvidRule.Header, "expected typ to be JWT or JOSE, or not there");
    }

    private static string CheckSignature(SpiffeId id, string algorithm, string? keyId, string signed, byte[] signature, TrustBundleSet bundles)
    {
        var keys = bundles.For(id.TrustDomain) is { JwtAuthorities.Count: > 0 } bundle
            ? bundle.JwtAuthorities
            : throw Refuse(SvidRule.TrustDomain, $"expected a bundle of the trust domain {id.TrustDomain} with JWT keys, found none");

        // kid is optional (§2.2): without it every key of the domain may have signed.
        var candidates = keys.Where(key => keyId is null || key.KeyId == keyId).ToList();
        if (candidates.Count == 0)
        {
            throw Refuse(SvidRule.Signature, $"expected a kid of one of the {keys.Count} JWT keys of {id.TrustDomain}, found another");
        }

        return candidates.FirstOrDefault(key => key.Verifies(algorithm, signed, signature))?.KeyId
            ?? throw Refuse(SvidRule.Signature, $"expected an {algorithm} signature by a JWT key of {id.TrustDomain}, found one that does not verify");
    }

    private static IReadOnlyList<string> Audiences(JsonElement claims)
    {
        if (!claims.TryGetProperty("aud", out var aud))
        {
            return [];
        }

        return aud.ValueKind switch
        {
            JsonValueKind.String => [aud.GetString()!],
            JsonValueKind.Array when aud.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String) => [.. aud.EnumerateArray().Select(one => one.GetString()!)],
            _ => throw Refuse(SvidRule.Audience, "expected aud to be a string or an array of strings"),
        };
    }

    // RFC 7519 §2 NumericDate: seconds, possibly with a fraction.
    private static DateTimeOffset? Instant(JsonElement claims, string name)
    {
        if (!claims.TryGetProperty(name, out var value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds is >= 0 and < 253_402_300_799
            ? DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond))
            : throw Refuse(SvidRule.Validity, $"expected {name} to be a number of seconds since 1970");
    }

    private static JsonElement Json(string part, string name)
    {
        try
        {
            using var document = JsonDocument.Parse(Decode(part, name), Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw Refuse(SvidRule.Form, $"expected the {name} to be a JSON object");
        }
        catch (JsonException error)
        {
            throw new SvidRejectedException(SvidRule.Form, $"JWT-SVID: expected the {name} to be JSON without repeated names", error);
        }
    }

    private static byte[] Decode(string part, string name)
    {
        // Without padding and blanks (RFC 7515 §2); the decoder alone would let both pass.
        var isPlain = part.AsSpan().IndexOfAnyExcept(Base64UrlCharacters) < 0;
        try
        {
            return isPlain ? Base64Url.DecodeFromChars(part) : throw Refuse(SvidRule.Form, $"expected the {name} in base64url without padding");
        }
        catch (FormatException error)
        {
            throw new SvidRejectedException(SvidRule.Form, $"JWT-SVID: expected the {name} in base64url without padding", error);
        }
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static SvidRejectedException Refuse(SvidRule rule, string message) => new(rule, $"JWT-SVID: {message}");

    private static readonly System.Buffers.SearchValues<char> Base64UrlCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}
