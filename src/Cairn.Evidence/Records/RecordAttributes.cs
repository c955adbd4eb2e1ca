using System.Collections;
using System.Globalization;
using System.Text.Json;

namespace Cairn.Evidence.Records;

/// <summary>Writes OpenTelemetry attribute values: strings, booleans, integers, fractions, and arrays of them.</summary>
internal static class RecordAttributes
{
    /// <exception cref="ArgumentException">The value has another type.</exception>
    public static void Write(Utf8JsonWriter writer, string name, object value)
    {
        switch (value)
        {
            case string text:
                writer.WriteStringValue(text);
                break;
            case bool truth:
                writer.WriteBooleanValue(truth);
                break;
            case int or long or short or byte or uint or ushort or sbyte:
                writer.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case double number:
                writer.WriteRawValue(Plain(name, number), skipInputValidation: true);
                break;
            case float number:
                writer.WriteRawValue(Plain(name, double.Parse(number.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)), skipInputValidation: true);
                break;
            case IEnumerable items:
                writer.WriteStartArray();
                foreach (var item in items)
                {
                    Write(writer, name, item);
                }

                writer.WriteEndArray();
                break;
            default:
                throw new ArgumentException(
                    $"attribute {name}: expected a string, boolean, number or an array of them, found {value?.GetType().Name ?? "null"}", nameof(value));
        }
    }

    /// <summary>The shortest decimal text that reads back as the same double, without an exponent.</summary>
    private static string Plain(string name, double number)
    {
        if (!double.IsFinite(number))
        {
            throw new ArgumentException($"attribute {name}: expected a finite number, found {number}");
        }

        if (number == 0)
        {
            return "0";
        }

        var general = number.ToString("R", CultureInfo.InvariantCulture);
        var e = general.IndexOf('E', StringComparison.Ordinal);
        if (e < 0)
        {
            return general;
        }

        var sign = general[0] == '-' ? "-" : "";
        var digits = general[sign.Length..e].Replace(".", "", StringComparison.Ordinal);
        var exponent = int.Parse(general.AsSpan(e + 1), CultureInfo.InvariantCulture);
        return exponent < 0
            ? $"{sign}0.{new string('0', -exponent - 1)}{digits}"
            : $"{sign}{digits.PadRight(exponent + 1, '0')}";
    }
}
