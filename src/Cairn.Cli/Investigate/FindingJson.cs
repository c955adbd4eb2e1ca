using System.Text.Json;
using Cairn.Trails.Findings;

namespace Cairn.Cli.Investigate;

/// <summary>Findings for programs.</summary>
internal static class FindingJson
{
    public static void Write(Stream output, IReadOnlyList<Finding> findings, long settled, int rules)
    {
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        WriteArray(json, findings);
        json.WriteNumber("settled", settled);
        json.WriteNumber("rules", rules);
        json.WriteEndObject();
        json.Flush();
        output.WriteByte((byte)'\n');
    }

    /// <summary>The member <c>findings</c>.</summary>
    public static void WriteArray(Utf8JsonWriter json, IReadOnlyList<Finding> findings)
    {
        json.WriteStartArray("findings");
        foreach (var finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("rule", finding.Rule);
            json.WriteString("severity", FindingScreen.Name(finding.Severity));
            json.WriteString("title", RuleCatalogue.Find(finding.Rule)!.Title);
            json.WriteString("trace", finding.Trace.ToString());
            json.WriteString("subject", finding.Subject);
            json.WriteString("expected", finding.Expected);
            json.WriteString("found", finding.Found);
            json.WriteStartArray("records");
            foreach (var record in finding.Records)
            {
                json.WriteStringValue(record.ToString());
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
