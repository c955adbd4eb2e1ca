using System.Diagnostics.CodeAnalysis;

namespace Cairn.Evidence;

/// <summary>A record's id: a UUID of version 7 in lower case (RFC 9562 §5.7).</summary>
public readonly record struct RecordId
{
    private readonly Guid _value;

    private RecordId(Guid value) => _value = value;

    /// <summary>A new id for a record made at <paramref name="time"/>.</summary>
    public static RecordId New(DateTimeOffset time) => new(Guid.CreateVersion7(time));

    /// <summary>Parses the 36-character lower-case form of a version 7 UUID.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out RecordId id)
    {
        var good = Guid.TryParseExact(text, "D", out var value) && value.Version == 7 && value.ToString("D") == text;
        id = good ? new RecordId(value) : default;
        return good;
    }

    /// <summary>Parses the 36-character lower-case form of a version 7 UUID.</summary>
    /// <exception cref="EvidenceFormatException">The text is anything else.</exception>
    public static RecordId Parse(string text) => TryParse(text, out var id)
        ? id
        : throw new EvidenceFormatException($"expected a record id (UUID version 7, lower case), found \"{Hex.Excerpt(text)}\"");

    /// <summary>The 36-character lower-case form.</summary>
    public override string ToString() => _value.ToString("D");
}
