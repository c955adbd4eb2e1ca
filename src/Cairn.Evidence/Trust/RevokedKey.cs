using System.Globalization;

namespace Cairn.Evidence.Trust;

/// <summary>A key that a verifier knows to be revoked (docs/spec/trust-policy.md §3): <c>revoked KEY TIME</c>.</summary>
/// <param name="Key">SHA-256 of its SubjectPublicKeyInfo.</param>
/// <param name="Since">From when on it may have been in the wrong hands; whole seconds.</param>
public sealed record RevokedKey(Digest Key, DateTimeOffset Since)
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    /// <summary>The policy line.</summary>
    public override string ToString() => $"revoked {Key} {Since.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)}";

    /// <exception cref="EvidenceFormatException">A word has another form.</exception>
    internal static RevokedKey Parse(PolicyLine line, string key, string time)
    {
        Span<byte> bytes = stackalloc byte[Digest.Size];
        if (!Hex.TryDecode(key, bytes))
        {
            throw line.Error($"expected the SHA-256 of a key's SubjectPublicKeyInfo in 64 hexadecimal digits, found \"{Hex.Excerpt(key)}\"");
        }

        return DateTimeOffset.TryParseExact(time, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var since)
            ? new RevokedKey(new Digest(bytes), since)
            : throw line.Error($"expected a time such as 2026-01-31T09:30:00Z, found \"{Hex.Excerpt(time)}\"");
    }
}
