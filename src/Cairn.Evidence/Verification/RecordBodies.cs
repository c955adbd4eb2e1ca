using System.Text.Json;

namespace Cairn.Evidence.Verification;

/// <summary>Reads the few members of records' own objects that verdicts rest on, without building a document.</summary>
internal static class RecordBodies
{
    /// <summary>action.completed: the request's id, and whether the outcome is only "accepted".</summary>
    public static bool TryReadCompleted(ReadOnlySpan<byte> body, out RecordId requested, out bool accepted)
    {
        (requested, accepted) = (default, false);
        var (hasRequest, hasStatus) = (false, false);
        var json = new Utf8JsonReader(body);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var (isRequest, isStatus) = (json.ValueTextEquals("requested"u8), json.ValueTextEquals("status"u8));
            json.Read();
            if (isRequest)
            {
                hasRequest = json.TokenType == JsonTokenType.String && !json.ValueIsEscaped && RecordId.TryParse(json.ValueSpan, out requested);
            }
            else if (isStatus)
            {
                hasStatus = json.TokenType == JsonTokenType.String;
                accepted = hasStatus && json.ValueTextEquals("accepted"u8);
            }

            json.Skip();
        }

        return hasRequest && hasStatus;
    }

    /// <summary>task.ended: how many records each stream should have; null when the member is missing or has another form.</summary>
    public static List<(string Emitter, StreamId Stream, long Records)>? ReadEnded(ReadOnlySpan<byte> body)
    {
        var root = JsonElement.Parse(body);
        if (!root.TryGetProperty("emitters", out var emitters) || emitters.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        var list = new List<(string, StreamId, long)>();
        foreach (var one in emitters.EnumerateArray())
        {
            if (one.ValueKind != JsonValueKind.Object
                || !one.TryGetProperty("emitter", out var emitter) || emitter.ValueKind != JsonValueKind.String
                || !one.TryGetProperty("stream", out var stream) || stream.ValueKind != JsonValueKind.String || !StreamId.TryParse(stream.GetString(), out var id)
                || !one.TryGetProperty("records", out var records) || records.ValueKind != JsonValueKind.Number || !records.TryGetInt64(out var count) || count < 0)
            {
                return null;
            }

            list.Add((emitter.GetString()!, id, count));
        }

        return list;
    }

    /// <summary>The value of a text member as written; empty when there is none.</summary>
    public static string Text(ReadOnlySpan<byte> body, string member) =>
        JsonElement.Parse(body).TryGetProperty(member, out var value) ? value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText() : "";
}
