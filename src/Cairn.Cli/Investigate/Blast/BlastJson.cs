using System.Text.Json;
using Cairn.Cli.Policies;
using Cairn.Trails.Compromises;

namespace Cairn.Cli.Investigate.Blast;

/// <summary>A compromise's reach as JSON: all of it.</summary>
internal static class BlastJson
{
    public static void Write(BlastReport report) => JsonOutput.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("kind", report.Compromise.Kind.ToString().ToLowerInvariant());
        json.WriteString("id", report.Compromise.Id);
        json.WriteString("since", report.Compromise.Since.UtcDateTime);
        json.WriteNumber("trails_looked_at", report.Trails);
        json.WriteTexts("trails", report.Impacts.Select(impact => impact.Trail.Trace.ToString()));
        json.WriteTexts("agents", report.Agents.Select(agent => agent.ToString()));
        json.WriteStartObject("counts");
        json.WriteNumber("actions", report.Impacts.Sum(impact => impact.Actions.Count));
        json.WriteNumber("actions_done", report.Impacts.Sum(impact => impact.Actions.Count(action => action.WasDone)));
        json.WriteNumber("effects", report.Impacts.Sum(impact => impact.Effects.Count));
        json.WriteNumber("delegations", report.Impacts.Sum(impact => impact.Delegations.Count));
        json.WriteNumber("decisions", report.Impacts.Sum(impact => impact.Decisions.Count));
        json.WriteNumber("tasks", report.Impacts.Sum(impact => impact.Tasks.Count));
        json.WriteEndObject();
        WriteCredentials(json, report);
        WriteResources(json, report);
        WriteProofs(json, report);
        WriteRecords(json, report);
        json.WriteTexts("limits", BlastWords.Limits(report));
        json.WriteEndObject();
    });

    private static void WriteCredentials(Utf8JsonWriter json, BlastReport report)
    {
        json.WriteStartArray("credentials");
        foreach (var credential in report.Credentials)
        {
            json.WriteStartObject();
            json.WriteString("id", credential.Id);
            json.WriteString("since", credential.Since.UtcDateTime);
            json.WriteString("why", credential.Why);
            if (credential.From is { } from)
            {
                json.WriteString("from", from);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteResources(Utf8JsonWriter json, BlastReport report)
    {
        json.WriteStartArray("resources");
        foreach (var resource in report.Resources)
        {
            json.WriteStartObject();
            json.WriteString("resource", resource.Resource);
            json.WriteNumber("actions", resource.Acts);
            json.WriteNumber("writes", resource.Writes);
            json.WriteNumber("confirmed", resource.Confirmed);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteProofs(Utf8JsonWriter json, BlastReport report)
    {
        json.WriteStartObject("proofs");
        json.WriteTexts("compromised_emitters", report.Standing.BadEmitters.Select(emitter => emitter.ToString()));
        if (report.Standing.Anchor is { } anchor)
        {
            json.WriteStartObject("anchor");
            json.WriteNumber("size", anchor.Size);
            json.WriteString("time", anchor.Time.UtcDateTime);
            json.WriteString("by", anchor.By);
            json.WriteEndObject();
        }

        WriteCounts(json, "downstream", report.Proofs.ToDictionary(proof => proof.Key, proof => (long)proof.Value));
        WriteCounts(json, "signed_by_compromised", report.SignedByBad);
        json.WriteEndObject();
    }

    private static void WriteCounts(Utf8JsonWriter json, string name, IReadOnlyDictionary<Standing, long> counts)
    {
        json.WriteStartObject(name);
        foreach (var standing in Enum.GetValues<Standing>())
        {
            json.WriteNumber(BlastWords.Name(standing), counts.GetValueOrDefault(standing));
        }

        json.WriteEndObject();
    }

    private static void WriteRecords(Utf8JsonWriter json, BlastReport report)
    {
        json.WriteStartArray("records");
        foreach (var record in report.Records)
        {
            json.WriteStartObject();
            json.WriteString("time", record.Time.UtcDateTime);
            json.WriteString("trace", record.Trace.ToString());
            json.WriteString("record", record.Record.ToString());
            json.WriteNumber("statement", record.Statement);
            json.WriteString("issuer", record.Issuer.ToString());
            json.WriteString("what", record.What);
            json.WriteString("why", record.Why);
            json.WriteString("proof", BlastWords.Name(report.Standing.Of(record.Issuer, record.Statement, record.Time)));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
