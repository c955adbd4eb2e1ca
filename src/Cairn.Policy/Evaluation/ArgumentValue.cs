using System.Globalization;
using System.Text.Json;
using Cairn.Policy.Bundles;

namespace Cairn.Policy.Evaluation;

/// <summary>An argument is not what the bundle says it must be: the request is denied.</summary>
internal sealed class ArgumentRefusedException(string message) : Exception(message);

/// <summary>Turns an argument into a Cedar value, strictly: what is not of the kind asked for is an error and never something else.</summary>
internal static class ArgumentValue
{
    private const long MaxSafeInteger = (1L << 53) - 1;

    public static void Write(Utf8JsonWriter writer, string name, ArgumentKind kind, JsonElement value)
    {
        var fits = (kind, value.ValueKind) switch
        {
            (ArgumentKind.Text, JsonValueKind.String) => true,
            (ArgumentKind.WholeNumber, JsonValueKind.Number) => true,
            (ArgumentKind.DecimalNumber, JsonValueKind.Number or JsonValueKind.String) => true,
            (ArgumentKind.Flag, JsonValueKind.True or JsonValueKind.False) => true,
            (ArgumentKind.Texts, JsonValueKind.Array) => value.EnumerateArray().All(v => v.ValueKind == JsonValueKind.String),
            (ArgumentKind.Json, _) => true,
            _ => false,
        };
        if (!fits)
        {
            throw new ArgumentRefusedException($"argument {name}: expected {Words(kind)}, found {value.ValueKind.ToString().ToLowerInvariant()}");
        }

        if (kind == ArgumentKind.DecimalNumber)
        {
            CedarCall.Extension(writer, name, "decimal", DecimalOf(name, value));
            return;
        }

        writer.WritePropertyName(name);
        Any(writer, name, value);
    }

    private static void Any(Utf8JsonWriter writer, string name, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Number:
                writer.WriteNumberValue(value.TryGetInt64(out var number) && number is >= -MaxSafeInteger and <= MaxSafeInteger
                    ? number : throw new ArgumentRefusedException($"argument {name}: expected a whole number within ±(2^53-1), found another"));
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray().Where(i => i.ValueKind != JsonValueKind.Null))
                {
                    Any(writer, name, item);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in value.EnumerateObject().Where(m => m.Value.ValueKind != JsonValueKind.Null))
                {
                    // Cedar reads __entity and __extn as more than data: a caller must not be able to write them.
                    writer.WritePropertyName(!member.Name.StartsWith("__", StringComparison.Ordinal)
                        ? member.Name : throw new ArgumentRefusedException($"argument {name}: names that begin with __ are reserved"));
                    Any(writer, name, member.Value);
                }

                writer.WriteEndObject();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    /// <summary>The number in Cedar's notation: at least one and at most four digits after the point. It is never rounded.</summary>
    private static string DecimalOf(string name, JsonElement value)
    {
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

        // Of more digits than a decimal holds, the parser would drop the last ones silently.
        if (text.Length > 24 || !IsPlain(text) || !decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            || Math.Abs(number) >= 922337203685477m || decimal.Round(number, 4) != number)
        {
            throw new ArgumentRefusedException($"argument {name}: expected a number below 922337203685477 with at most four digits after the point and no exponent, found another");
        }

        return number.ToString("0.0###", CultureInfo.InvariantCulture);
    }

    /// <summary>An optional minus sign, digits, and perhaps a point and digits: what other parsers take of the rest differs.</summary>
    private static bool IsPlain(string text)
    {
        var digits = text.StartsWith('-') ? text.AsSpan(1) : text.AsSpan();
        var point = digits.IndexOf('.');
        return point < 0 ? AreDigits(digits) : AreDigits(digits[..point]) && AreDigits(digits[(point + 1)..]);
    }

    private static bool AreDigits(ReadOnlySpan<char> text) => text.Length > 0 && !text.ContainsAnyExceptInRange('0', '9');

    private static string Words(ArgumentKind kind) => kind switch
    {
        ArgumentKind.Text => "a text",
        ArgumentKind.WholeNumber => "a whole number",
        ArgumentKind.DecimalNumber => "a number",
        ArgumentKind.Flag => "true or false",
        _ => "an array of texts",
    };
}
