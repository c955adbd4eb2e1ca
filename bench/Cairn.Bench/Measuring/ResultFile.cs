using System.Text.Json;

namespace Cairn.Bench.Measuring;

/// <summary>The same figures for machines: seconds, things per second and bytes, not rounded.</summary>
internal static class ResultFile
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n" };

    public static void Write(string path, IReadOnlyList<string> conditions, IReadOnlyList<Row> rows)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using var file = File.Create(path);
        using var writer = new Utf8JsonWriter(file, Options);
        writer.WriteStartObject();
        writer.WriteStartArray("conditions");
        foreach (var line in conditions)
        {
            writer.WriteStringValue(line);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("rows");
        foreach (var row in rows)
        {
            WriteRow(writer, row);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteRow(Utf8JsonWriter writer, Row row)
    {
        writer.WriteStartObject();
        writer.WriteString("id", row.Id);
        writer.WriteString("what", row.What);
        writer.WriteString("unit", row.Unit switch { Unit.Time => "s", Unit.PerSecond => "1/s", _ => "B" });
        writer.WriteString("better", row.Better == Better.Higher ? "higher" : "lower");
        writer.WriteNumber("measured", row.Measured);
        WriteBeside(writer, row, "limit", row.Limit);
        WriteBeside(writer, row, "peer", row.Peer);
        WriteBeside(writer, row, "aim", row.Aim is { } aim ? new Beside(aim, "docs/benchmarks.md") : null);
        writer.WriteStartObject("details");
        foreach (var (name, value, unit) in row.Details)
        {
            writer.WriteNumber(unit is { } known ? $"{name} ({known})" : name, value);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteBeside(Utf8JsonWriter writer, Row row, string name, Beside? beside)
    {
        if (beside is null)
        {
            return;
        }

        writer.WriteStartObject(name);
        writer.WriteNumber("value", beside.Value);
        writer.WriteString("what", beside.What);
        if (row.RatioTo(beside.Value) is { } ratio && double.IsFinite(ratio))
        {
            writer.WriteNumber("times_better", ratio);
        }

        writer.WriteEndObject();
    }
}
