using System.Text.Json;

namespace Cairn.Evidence.Records;

/// <summary>Whether the content behind a commitment is kept.</summary>
public enum ContentHandling
{
    /// <summary>Not kept.</summary>
    None,

    /// <summary>Kept, encrypted, with what looks secret taken out; the kept form has a commitment of its own.</summary>
    Redacted,

    /// <summary>Kept, encrypted, as it was.</summary>
    Full,
}

/// <summary>
/// What a record holds in place of content: a commitment to it and how it is kept (docs/spec/records.md §5).
/// </summary>
/// <param name="Value">HMAC-SHA256 of the content under the commitment key.</param>
/// <param name="Bytes">The content's length in bytes.</param>
/// <param name="Media">The content's media type, such as <c>application/json</c>.</param>
/// <param name="Content">Whether the content is kept.</param>
public readonly record struct HeldCommitment(Digest Value, long Bytes, string Media, ContentHandling Content)
{
    private const string Prefix = "hmac-sha256:";

    /// <summary>
    /// What is added to the member's name in the derivation of the redacted form's commitment key. Keys apart, because
    /// whoever is shown the redacted form gets its key, and must not be able to try out what the original may have been.
    /// </summary>
    public const string RedactedSuffix = ".redacted";

    /// <summary>The commitment to the redacted form; there exactly when <see cref="Content"/> is <see cref="ContentHandling.Redacted"/>.</summary>
    public Digest? RedactedValue { get; init; }

    /// <summary>The commitment that content kept under <paramref name="member"/> must match, and the name that its key is derived with.</summary>
    public (Digest Value, string KeyMember) ForKept(string member) => RedactedValue is { } redacted ? (redacted, member + RedactedSuffix) : (Value, member);

    /// <summary>Writes the commitment as the member <paramref name="name"/>.</summary>
    public void WriteTo(Utf8JsonWriter writer, string name)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject(name);
        Span<byte> text = stackalloc byte[Prefix.Length + Digest.TextLength];
        "hmac-sha256:"u8.CopyTo(text);
        Value.Format(text[Prefix.Length..]);
        writer.WriteString("commitment"u8, text);
        writer.WriteNumber("bytes"u8, Bytes);
        writer.WriteString("media"u8, Media);
        writer.WriteString("content"u8, Content switch
        {
            ContentHandling.None => "none"u8,
            ContentHandling.Redacted => "redacted"u8,
            ContentHandling.Full => "full"u8,
            _ => throw new InvalidOperationException($"no such content handling: {Content}"),
        });
        if (RedactedValue is { } redacted)
        {
            writer.WriteString("redacted_commitment"u8, $"{Prefix}{redacted}");
        }

        writer.WriteEndObject();
    }

    /// <summary>Reads a commitment.</summary>
    /// <exception cref="EvidenceFormatException">The value is not a commitment.</exception>
    public static HeldCommitment Parse(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object
            || !value.TryGetProperty("commitment", out var commitment) || commitment.ValueKind != JsonValueKind.String
            || commitment.GetString() is not { } text || !text.StartsWith(Prefix, StringComparison.Ordinal)
            || !value.TryGetProperty("bytes", out var bytes) || bytes.ValueKind != JsonValueKind.Number
            || !bytes.TryGetInt64(out var length) || length < 0
            || !value.TryGetProperty("media", out var media) || media.ValueKind != JsonValueKind.String
            || !value.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.String)
        {
            throw new EvidenceFormatException(
                $"expected a commitment with the members commitment (hmac-sha256:…), bytes, media and content, found {Hex.Excerpt(value.GetRawText())}");
        }

        var handling = content.GetString() switch
        {
            "none" => ContentHandling.None,
            "redacted" => ContentHandling.Redacted,
            "full" => ContentHandling.Full,
            var other => throw new EvidenceFormatException($"expected content none, redacted or full, found \"{Hex.Excerpt(other)}\""),
        };
        var redactedText = value.TryGetProperty("redacted_commitment", out var redacted) && redacted.ValueKind == JsonValueKind.String ? redacted.GetString() : null;
        if ((redactedText is not null) != (handling == ContentHandling.Redacted) || (redactedText is not null && !redactedText.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            throw new EvidenceFormatException(
                $"expected redacted_commitment (hmac-sha256:…) exactly when content is redacted, found {Hex.Excerpt(value.GetRawText())}");
        }

        return new HeldCommitment(Digest.ParseHex(text[Prefix.Length..]), length, media.GetString()!, handling)
        {
            RedactedValue = redactedText is null ? null : Digest.ParseHex(redactedText[Prefix.Length..]),
        };
    }
}
