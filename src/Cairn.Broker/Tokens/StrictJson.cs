using System.Buffers.Text;
using System.Text.Json;

namespace Cairn.Broker.Tokens;

/// <summary>
/// JSON objects inside tokens, where two readers must not see two things: a name twice is refused (RFC 7515 §4,
/// RFC 7519 §4 let a reader choose; ours does not guess).
/// </summary>
internal static class StrictJson
{
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    /// <summary>Parses one object.</summary>
    /// <exception cref="TokenFormatException">It is none.</exception>
    public static JsonElement Object(ReadOnlyMemory<byte> utf8, string what)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8, Options);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new TokenFormatException($"{what} is a JSON {document.RootElement.ValueKind}, expected an object");
        }
        catch (JsonException)
        {
            // The exception's own text could quote the token.
            throw new TokenFormatException($"{what} is not a JSON object with each name once");
        }
    }

    /// <summary>Bytes of base64url without padding (RFC 7515 §2).</summary>
    /// <exception cref="TokenFormatException">The text is not that, or has bits set beyond its last byte.</exception>
    public static byte[] Bytes(ReadOnlySpan<char> text, string what)
    {
        try
        {
            var bytes = text.Contains('=') || text.ContainsAny(" \t\r\n") ? null : Base64Url.DecodeFromChars(text);

            // One value has one text: otherwise one proof could be shown under many.
            return bytes is not null && text.SequenceEqual(Base64Url.EncodeToString(bytes)) ? bytes : throw new FormatException();
        }
        catch (FormatException)
        {
            throw new TokenFormatException($"{what} is not base64url without padding");
        }
    }

    /// <summary>A string member; null when it is absent.</summary>
    /// <exception cref="TokenFormatException">It is there and no string.</exception>
    public static string? Text(this JsonElement json, string name) => !json.TryGetProperty(name, out var value)
        ? null
        : value.ValueKind == JsonValueKind.String ? Readable(value, name) : throw new TokenFormatException($"\"{name}\" is a JSON {value.ValueKind}, expected a string");

    /// <summary>A string member that must be there.</summary>
    /// <exception cref="TokenFormatException">It is absent or no string.</exception>
    public static string RequiredText(this JsonElement json, string name) =>
        json.Text(name) ?? throw new TokenFormatException($"\"{name}\" is missing");

    /// <summary>A NumericDate (RFC 7519 §2): seconds since 1970, a fraction allowed; null when it is absent.</summary>
    /// <exception cref="TokenFormatException">It is there and no date.</exception>
    public static DateTimeOffset? Date(this JsonElement json, string name)
    {
        if (!json.TryGetProperty(name, out var value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds is >= 0 and < 253_402_300_000
            ? DateTimeOffset.UnixEpoch.AddSeconds(seconds)
            : throw new TokenFormatException($"\"{name}\" is not a number of seconds since 1970");
    }

    /// <summary>One string or an array of them, such as <c>aud</c> (RFC 7519 §4.1.3); empty when absent.</summary>
    /// <exception cref="TokenFormatException">It is neither.</exception>
    public static IReadOnlyList<string> Texts(this JsonElement json, string name)
    {
        if (!json.TryGetProperty(name, out var value))
        {
            return [];
        }

        return value.ValueKind switch
        {
            JsonValueKind.String => [Readable(value, name)],
            JsonValueKind.Array when value.EnumerateArray().All(v => v.ValueKind == JsonValueKind.String) => [.. value.EnumerateArray().Select(v => Readable(v, name))],
            _ => throw new TokenFormatException($"\"{name}\" is neither a string nor an array of strings"),
        };
    }

    private static string Readable(JsonElement value, string name)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new TokenFormatException($"\"{name}\" holds half a surrogate pair");
        }
    }
}
