using System.Text;
using System.Text.Json;
using Cairn.Evidence.Records;

namespace Cairn.Sdk.Redaction;

/// <summary>
/// Redaction of a JSON document by its structure: values under secret names, name/value pairs, argument lists, and
/// inside each string: JSON in it, base64 of text in it, and the patterns of <see cref="SecretPatterns"/>.
/// </summary>
internal static class JsonRedaction
{
    /// <summary>How many layers of documents in strings are opened.</summary>
    private const int MaxLayers = 4;

    private static readonly string[] PairNames = ["name", "key", "header", "field", "variable"];
    private static readonly string[] PairValues = ["value", "values", "val", "content"];

    /// <summary>The redacted document, or null when there is nothing to take out.</summary>
    public static byte[]? Apply(JsonElement root, ref int found)
    {
        var before = found;
        var output = Rewrite(root, 0, ref found);
        return found == before ? null : output;
    }

    /// <summary>Redacts a string's own content.</summary>
    public static string Text(string text, int layer, ref int found)
    {
        if (layer < MaxLayers && text.Length >= 8)
        {
            if (Nested(text, layer, ref found) is { } inner)
            {
                return inner;
            }

            if (Base64(text, layer, ref found) is { } decoded)
            {
                return decoded;
            }
        }

        return SecretPatterns.Apply(text, ref found);
    }

    private static byte[] Rewrite(JsonElement root, int layer, ref int found)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, RecordWriter.Options))
        {
            Write(writer, root, layer, ref found);
        }

        return buffer.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, JsonElement value, int layer, ref int found)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(writer, value, layer, ref found);
                break;
            case JsonValueKind.Array:
                WriteArray(writer, value, layer, ref found);
                break;
            case JsonValueKind.String:
                writer.WriteStringValue(Text(value.GetString()!, layer, ref found));
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    private static void WriteObject(Utf8JsonWriter writer, JsonElement value, int layer, ref int found)
    {
        var pair = PairNames
            .Select(n => value.TryGetProperty(n, out var name) && name.ValueKind == JsonValueKind.String ? SecretNames.Judge(name.GetString()) : SecretName.No)
            .FirstOrDefault(j => j != SecretName.No);
        writer.WriteStartObject();
        foreach (var member in value.EnumerateObject())
        {
            // A name may hold a secret too, as in a map from token to user.
            writer.WritePropertyName(SecretPatterns.Apply(member.Name, ref found));
            var judged = SecretNames.Judge(member.Name);
            if (pair == SecretName.Yes && PairValues.Contains(member.Name, StringComparer.OrdinalIgnoreCase))
            {
                judged = SecretName.Yes;
            }

            WriteUnder(writer, member.Value, judged, layer, ref found);
        }

        writer.WriteEndObject();
    }

    private static void WriteArray(Utf8JsonWriter writer, JsonElement value, int layer, ref int found)
    {
        writer.WriteStartArray();
        var next = SecretName.No;
        foreach (var item in value.EnumerateArray())
        {
            WriteUnder(writer, item, next, layer, ref found);
            next = item.ValueKind == JsonValueKind.String ? Announces(item.GetString()!, value.GetArrayLength()) : SecretName.No;
        }

        writer.WriteEndArray();
    }

    /// <summary>Whether an item says that the next one is a secret: <c>--password</c>, or the name in a pair of two.</summary>
    public static SecretName Announces(string item, int count) =>
        item.StartsWith('-') && !item.Contains('=', StringComparison.Ordinal) ? SecretNames.Judge(item.AsSpan().TrimStart('-'))
        : count == 2 ? SecretNames.Judge(item)
        : SecretName.No;

    private static void WriteUnder(Utf8JsonWriter writer, JsonElement value, SecretName name, int layer, ref int found)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object when name == SecretName.Yes:
                writer.WriteStartObject();
                foreach (var member in value.EnumerateObject())
                {
                    writer.WritePropertyName(SecretPatterns.Apply(member.Name, ref found));
                    WriteUnder(writer, member.Value, name, layer, ref found);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array when name == SecretName.Yes:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    WriteUnder(writer, item, name, layer, ref found);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.String when IsSecret(value.GetString()!, name):
            case JsonValueKind.Number when name == SecretName.Yes:
                found++;
                writer.WriteStringValue(Redactor.Marker("value"));
                break;
            default:
                Write(writer, value, layer, ref found);
                break;
        }
    }

    private static bool IsSecret(string text, SecretName name) => name switch
    {
        SecretName.Yes => text.Length > 0 && !text.StartsWith("[redacted:", StringComparison.Ordinal),
        SecretName.Perhaps => SecretNames.LooksGenerated(text),
        _ => false,
    };

    // A document inside a string, escaped: the string's text is itself JSON.
    private static string? Nested(string text, int layer, ref int found)
    {
        var trimmed = text.AsSpan().Trim();
        if (trimmed.Length < 2 || (trimmed[0], trimmed[^1]) is not (('{', '}') or ('[', ']') or ('"', '"')))
        {
            return null;
        }

        try
        {
            using var inner = JsonDocument.Parse(text);
            var before = found;
            var rewritten = Rewrite(inner.RootElement, layer + 1, ref found);
            return found == before ? text : Encoding.UTF8.GetString(rewritten);
        }
        catch (JsonException)
        {
            return null; // not JSON after all: judged as text
        }
    }

    // Text inside base64 (either alphabet): decoded, judged, and encoded again when something was taken out.
    private static string? Base64(string text, int layer, ref int found)
    {
        if (text.Length < 24 || text.AsSpan().ContainsAnyExcept(Base64Characters))
        {
            return null;
        }

        var standard = text.TrimEnd('=').Replace('-', '+').Replace('_', '/');
        var bytes = new byte[standard.Length];
        if (!Convert.TryFromBase64String(standard.PadRight((standard.Length + 3) / 4 * 4, '='), bytes, out var length))
        {
            return null;
        }

        try
        {
            var decoded = Strict.GetString(bytes, 0, length);
            if (decoded.Any(c => c < ' ' && c is not ('\n' or '\r' or '\t')))
            {
                return null;
            }

            var before = found;
            var inner = Text(decoded, layer + 1, ref found);
            return found == before ? null : Convert.ToBase64String(Strict.GetBytes(inner));
        }
        catch (ArgumentException)
        {
            return null; // not UTF-8: binary content
        }
    }

    private static readonly UTF8Encoding Strict = new(false, true);

    private static readonly System.Buffers.SearchValues<char> Base64Characters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=");
}
