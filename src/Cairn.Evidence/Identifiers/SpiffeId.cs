using System.Diagnostics.CodeAnalysis;

namespace Cairn.Evidence;

/// <summary>
/// A SPIFFE ID: <c>spiffe://trust-domain/path</c> (SPIFFE-ID specification §2). At most 2,048 bytes; the trust domain
/// has at most 255 of <c>[a-z0-9._-]</c>; path segments have <c>[a-zA-Z0-9._-]</c>, are not empty and not dots alone.
/// </summary>
public readonly record struct SpiffeId
{
    private const string Scheme = "spiffe://";
    private readonly string? _text;
    private readonly int _domainLength;

    private SpiffeId(string text, int domainLength) => (_text, _domainLength) = (text, domainLength);

    /// <summary>The trust domain's name.</summary>
    public string TrustDomain => _text is null ? "" : _text.Substring(Scheme.Length, _domainLength);

    /// <summary>The path with its leading slash; empty for the trust domain's own id.</summary>
    public string Path => _text is null ? "" : _text[(Scheme.Length + _domainLength)..];

    /// <summary>Parses a SPIFFE ID.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out SpiffeId id)
    {
        id = default;
        if (text is null || text.Length > 2048 || !text.StartsWith(Scheme, StringComparison.Ordinal))
        {
            return false;
        }

        var rest = text.AsSpan(Scheme.Length);
        var slash = rest.IndexOf('/');
        var domain = slash < 0 ? rest : rest[..slash];
        if (domain.IsEmpty || domain.Length > 255 || domain.ContainsAnyExcept(DomainCharacters))
        {
            return false;
        }

        if (slash >= 0)
        {
            foreach (var range in rest[(slash + 1)..].Split('/'))
            {
                var segment = rest[(slash + 1)..][range];
                if (segment.IsEmpty || segment is "." or ".." || segment.ContainsAnyExcept(SegmentCharacters))
                {
                    return false;
                }
            }
        }

        id = new SpiffeId(text, domain.Length);
        return true;
    }

    /// <summary>Parses a SPIFFE ID.</summary>
    /// <exception cref="EvidenceFormatException">The text is not a SPIFFE ID.</exception>
    public static SpiffeId Parse(string text) => TryParse(text, out var id)
        ? id
        : throw new EvidenceFormatException($"expected a SPIFFE ID such as spiffe://example.org/agent/billing, found \"{Hex.Excerpt(text)}\"");

    /// <summary>The id as a URI.</summary>
    public override string ToString() => _text ?? "";

    /// <summary>Two ids are equal when their texts are.</summary>
    public bool Equals(SpiffeId other) => string.Equals(_text, other._text, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => _text?.GetHashCode(StringComparison.Ordinal) ?? 0;

    private static readonly System.Buffers.SearchValues<char> DomainCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.-_");

    private static readonly System.Buffers.SearchValues<char> SegmentCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
}
