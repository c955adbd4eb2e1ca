using System.Text.Json;
using Cairn.Evidence.Verification;

namespace Cairn.Cli.Investigate;

/// <summary>Revoked keys as JSON, with the members of a verification's report (docs/spec/verification.md §14).</summary>
internal static class RevokedJson
{
    public static void Write(Utf8JsonWriter json, IReadOnlyList<RevokedKeySummary> revoked)
    {
        json.WriteStartArray("revoked");
        foreach (var one in revoked)
        {
            json.WriteStartObject();
            json.WriteString("key", one.Key);
            json.WriteString("emitter", one.Emitter);
            json.WriteString("since", one.Since);
            if (one.Record is { } record)
            {
                json.WriteNumber("record", record);
            }
            else
            {
                json.WriteNull("record");
            }

            json.WriteNumber("statements", one.Statements);
            json.WriteStartArray("before");
            foreach (var before in one.Before)
            {
                json.WriteStartObject();
                json.WriteString("by", before.By);
                json.WriteString("name", before.Name);
                json.WriteString("not_after", before.NotAfter);
                json.WriteNumber("statements", before.Statements);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteNumber("unproven", one.Unproven);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
