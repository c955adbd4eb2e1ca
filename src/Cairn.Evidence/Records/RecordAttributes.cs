using System.Collections;
using System.Globalization;
using System.Text.Json;

namespace Cairn.Evidence.Records;

/// <summary>
/// Writes OpenTelemetry attribute values: strings, booleans, numbers, and arrays of them. A number that a record can't
/// hold (an integer beyond ±(2^53-1), a double without a plain notation) is written as a string, as OTLP does for its
/// 64-bit integers: no value keeps a record from being written.
/// </summary>
internal static class RecordAttributes
{
    // The plain notation of any double between these has at most 30 characters.
    private const double Least = 1e-9;
    private const double Most = 9007199254740991;

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
                WriteInteger(writer, Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case double number:
                WriteDouble(writer, number, number.ToString("R", CultureInfo.InvariantCulture));
                break;
            case float number:
                WriteDouble(writer, number, number.ToString("R", CultureInfo.InvariantCulture));
                break;
            case ulong or decimal or char or Guid or DateTime or DateTimeOffset or TimeSpan:
                writer.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
            case IEnumerable items:
                writer.WriteStartArray();
                foreach (var item in items)
                {
                    Write(writer, name, item is string or not IEnumerable ? item : throw new ArgumentException($"attribute {name}: expected an array of strings, booleans and numbers, found an array in it", nameof(value)));
                }

                writer.WriteEndArray();
                break;
            default:
                throw new ArgumentException(
                    $"attribute {name}: expected a string, boolean, number or an array of them, found {value?.GetType().Name ?? "null"}", nameof(value));
        }
    }

    private static void WriteInteger(Utf8JsonWriter writer, long number)
    {
        if (number is >= -IJson.MaxSafeInteger and <= IJson.MaxSafeInteger)
        {
            writer.WriteNumberValue(number);
        }
        else
        {
            writer.WriteStringValue(number.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <param name="writer">Where to.</param>
    /// <param name="number">The value.</param>
    /// <param name="shortest">The shortest text that reads back as the same value; it may have an exponent.</param>
    private static void WriteDouble(Utf8JsonWriter writer, double number, string shortest)
    {
        if (number == 0)
        {
            writer.WriteNumberValue(0);
        }
        else if (Math.Abs(number) is >= Least and <= Most)
        {
            writer.WriteRawValue(Plain(shortest), skipInputValidation: true);
        }
        else
        {
            writer.WriteStringValue(shortest);
        }
    }

    /// <summary>The same number without an exponent.</summary>
    private static string Plain(string shortest)
    {
        var e = shortest.IndexOf('E', StringComparison.Ordinal);
        if (e < 0)
        {
            return shortest;
        }

        var sign = shortest[0] == '-' ? "-" : "";
        var digits = shortest[sign.Length..e].Replace(".", "", StringComparison.Ordinal);
        var exponent = int.Parse(shortest.AsSpan(e + 1), CultureInfo.InvariantCulture);
        return exponent < 0
            ? $"{sign}0.{new string('0', -exponent - 1)}{digits}"
            : $"{sign}{digits.PadRight(exponent + 1, '0')}";
    }
}
