using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Cairn.Trails.Index;

namespace Cairn.Cli.Investigate.Find;

/// <summary>Found records as CSV (RFC 4180) and as JSON.</summary>
internal static class FoundText
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly SearchValues<char> Special = SearchValues.Create("\",\r\n");
    private static readonly SearchValues<char> Formula = SearchValues.Create("=+-@\t\r");

    /// <summary>CSV's first line.</summary>
    public static string CsvHeader { get; } = string.Join(',', FoundColumns.All.Select(column => column.Name)) + "\r\n";

    /// <summary>A record as a line of CSV.</summary>
    public static string Csv(RecordFacts facts) => string.Join(',', FoundColumns.All.Select(column => Cell(column.Text(facts)))) + "\r\n";

    /// <summary>
    /// A cell. A value that a spreadsheet would take for a formula has an apostrophe put before it, as OWASP advises: agents
    /// choose these texts, and whoever opens the file must not run them.
    /// </summary>
    public static string Cell(string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            return "";
        }

        var safe = Formula.Contains(value[0]) ? "'" + value : value;
        return safe.AsSpan().ContainsAny(Special) ? $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : safe;
    }

    /// <summary>A record as one JSON object on a line: the columns, and the record as its emitter wrote it.</summary>
    public static string Json(RecordFacts facts)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Relaxed))
        {
            Write(json, facts);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Writes the same as part of a larger document.</summary>
    public static void Write(Utf8JsonWriter json, RecordFacts facts)
    {
        json.WriteStartObject();
        foreach (var (name, text) in FoundColumns.All)
        {
            if (name == "statement")
            {
                json.WriteNumber(name, facts.Entry.Statement);
            }
            else if (text(facts) is { } value)
            {
                json.WriteString(name, value);
            }
        }

        json.WritePropertyName("written");
        json.WriteRawValue(facts.Entry.Record.Bytes.Span, skipInputValidation: true);
        json.WriteEndObject();
    }
}
