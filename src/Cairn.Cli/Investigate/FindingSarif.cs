using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Trails.Findings;

namespace Cairn.Cli.Investigate;

/// <summary>Findings as a SARIF 2.1.0 log (OASIS Standard), for tools that show such. Records are logical locations (§3.33): there is no file.</summary>
internal static class FindingSarif
{
    private const int MostRelated = 20;

    public static void Write(Stream output, IReadOnlyList<Finding> findings)
    {
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("$schema", "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json");
        json.WriteString("version", "2.1.0");
        json.WriteStartArray("runs");
        json.WriteStartObject();
        WriteTool(json);
        json.WriteStartArray("results");
        foreach (var finding in findings)
        {
            WriteResult(json, finding);
        }

        json.WriteEndArray();
        json.WriteString("columnKind", "utf16CodeUnits");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        output.WriteByte((byte)'\n');
    }

    private static void WriteTool(Utf8JsonWriter json)
    {
        json.WriteStartObject("tool");
        json.WriteStartObject("driver");
        json.WriteString("name", "cairn");
        json.WriteString("semanticVersion", typeof(FindingSarif).Assembly.GetName().Version?.ToString(3));
        json.WriteStartArray("rules");
        foreach (var rule in RuleCatalogue.All)
        {
            json.WriteStartObject();
            json.WriteString("id", rule.Id);
            WriteText(json, "shortDescription", $"{rule.Title}.");
            WriteText(json, "help", $"docs/findings.md, {rule.Id}.");
            json.WriteStartObject("defaultConfiguration");
            json.WriteString("level", Level(rule.Severity));
            json.WriteEndObject();
            json.WriteStartObject("properties");
            json.WriteStartArray("tags");
            json.WriteStringValue(rule.Group);
            json.WriteEndArray();
            json.WriteString("severity", FindingScreen.Name(rule.Severity));
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteResult(Utf8JsonWriter json, Finding finding)
    {
        json.WriteStartObject();
        json.WriteString("ruleId", finding.Rule);
        json.WriteNumber("ruleIndex", RuleCatalogue.All.TakeWhile(rule => rule.Id != finding.Rule).Count());
        json.WriteString("level", Level(finding.Severity));
        WriteText(json, "message", finding.Message);
        json.WriteStartArray("locations");
        WriteLocation(json, finding.Trace, finding.Records[0]);
        json.WriteEndArray();
        if (finding.Records.Count > 1)
        {
            json.WriteStartArray("relatedLocations");
            foreach (var record in finding.Records.Skip(1).Take(MostRelated))
            {
                WriteLocation(json, finding.Trace, record);
            }

            json.WriteEndArray();
        }

        json.WriteStartObject("partialFingerprints");
        json.WriteString("cairnFinding/v1", Digest.Sha256(Encoding.UTF8.GetBytes($"{finding.Trace} {finding.Rule} {finding.Key}")).ToString());
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteLocation(Utf8JsonWriter json, TraceId trace, RecordId record)
    {
        json.WriteStartObject();
        json.WriteStartArray("logicalLocations");
        json.WriteStartObject();
        json.WriteString("name", record.ToString());
        json.WriteString("fullyQualifiedName", $"{trace}/{record}");
        json.WriteString("kind", "object");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string text)
    {
        json.WriteStartObject(name);
        json.WriteString("text", text);
        json.WriteEndObject();
    }

    private static string Level(Severity severity) => severity switch
    {
        Severity.Low => "note",
        Severity.Medium => "warning",
        _ => "error",
    };
}
