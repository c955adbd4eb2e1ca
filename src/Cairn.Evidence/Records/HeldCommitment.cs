using System.Text.Json;

namespace Cairn.Evidence.Records;

/// <summary>Whether the content behind a commitment is kept.</summary>
public enum ContentHandling
{
    /// <summary>Not kept.</summary>
    None,

    /// <summary>Kept, encrypted, with what looks secret taken out; the commitment is to the redacted form.</summary>
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

        return new HeldCommitment(Digest.ParseHex(text[Prefix.Length..]), length, media.GetString()!, content.GetString() switch
        {
            "none" => ContentHandling.None,
            "redacted" => ContentHandling.Redacted,
            "full" => ContentHandling.Full,
            var other => throw new EvidenceFormatException($"expected content none, redacted or full, found \"{Hex.Excerpt(other)}\""),
        });
    }
}
