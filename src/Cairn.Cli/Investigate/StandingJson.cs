using System.Text.Json;
using Cairn.Ledger.Witnessing;

namespace Cairn.Cli.Investigate;

/// <summary>What a checkpoint has of witnesses, for programs.</summary>
internal static class StandingJson
{
    /// <summary>Writes a member: size, whether it is final, the quorum, who cosigned and when; null where no checkpoint is.</summary>
    public static void Write(Utf8JsonWriter json, string name, CheckpointStanding? standing)
    {
        if (standing is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        json.WriteNumber("size", standing.Size);
        json.WriteBoolean("final", standing.IsMet);
        json.WriteString("quorum", standing.Quorum ?? "none");
        json.WriteNumber("witness_keys", standing.Asked);
        json.WriteStartArray("cosigned");
        foreach (var (witness, time) in standing.Cosigned)
        {
            json.WriteStartObject();
            json.WriteString("witness", witness);
            if (time is { } at)
            {
                json.WriteString("time", at);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (standing.MissingSince is { } since)
        {
            json.WriteString("missing_since", since);
        }

        json.WriteEndObject();
    }
}
