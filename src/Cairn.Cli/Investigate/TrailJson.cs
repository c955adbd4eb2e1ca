using System.Text.Json;
using Cairn.Cli.Erase;
using Cairn.Evidence.Timestamps;
using Cairn.Trails;
using Cairn.Trails.Erasure;

namespace Cairn.Cli.Investigate;

/// <summary>Trails for programs.</summary>
internal static class TrailJson
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <param name="output">Where it goes.</param>
    /// <param name="trail">The trail.</param>
    /// <param name="shredding">When its content was shredded; null: it was not.</param>
    /// <param name="brackets">Between which times each statement was made, by its index; null: unknown.</param>
    /// <param name="more">Members that are not the trail's own, at the end.</param>
    public static void Write(
        Stream output, Trail trail, Shredding? shredding = null, IReadOnlyDictionary<long, IReadOnlyList<TimeBracket>>? brackets = null, Action<Utf8JsonWriter>? more = null)
    {
        using var json = new Utf8JsonWriter(output, Indented);
        json.WriteStartObject();
        WriteHead(json, trail);
        ErasureWords.Write(json, shredding);
        json.WriteStartArray("tasks");
        foreach (var task in trail.Tasks)
        {
            json.WriteStartObject();
            json.WriteString("span", task.Span.ToString());
            Optional(json, "parent", task.Parent?.ToString());
            json.WriteString("agent", task.Agent.Id.ToString());
            json.WriteString("owner", task.Agent.Owner);
            json.WriteString("recorded_by", task.Issuer.ToString());
            json.WriteString("stream", task.Stream.ToString());
            json.WriteString("started", task.Started);
            if (task.Ended is { } ended)
            {
                json.WriteString("ended", ended);
            }

            json.WriteString("status", task.Status ?? "open");
            Optional(json, "reason", task.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("delegations");
        foreach (var delegation in trail.Delegations)
        {
            json.WriteStartObject();
            json.WriteString("from", delegation.From);
            json.WriteString("to", delegation.To);
            json.WriteStartArray("scope");
            foreach (var scope in delegation.Scope)
            {
                json.WriteStringValue(scope);
            }

            json.WriteEndArray();
            json.WriteString("purpose", delegation.Purpose);
            json.WriteString("span", delegation.Span.ToString());
            json.WriteString("record", delegation.Record.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("actions");
        var chains = new AuthorityChains(trail);
        foreach (var action in trail.Actions)
        {
            WriteAction(json, action, chains.Of(action));
        }

        json.WriteEndArray();
        AuthorityJson.Write(json, trail.Authority);
        json.WriteStartArray("records");
        foreach (var record in trail.Records)
        {
            json.WriteStartObject();
            json.WriteNumber("statement", record.Statement);
            json.WriteString("issuer", record.Issuer.ToString());
            json.WriteString("stream", record.Stream.ToString());
            WriteBrackets(json, brackets?.GetValueOrDefault(record.Statement) ?? []);
            json.WritePropertyName("record");
            json.WriteRawValue(record.Record.Bytes.Span);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        more?.Invoke(json);
        json.WriteEndObject();
        json.Flush();
        output.WriteByte((byte)'\n');
    }

    private static void WriteBrackets(Utf8JsonWriter json, IReadOnlyList<TimeBracket> brackets)
    {
        json.WriteStartArray("brackets");
        foreach (var bracket in brackets)
        {
            json.WriteStartObject();
            json.WriteString("by", bracket.By.ToString().ToLowerInvariant());
            WriteBound(json, "not_before", bracket.NotBefore?.Time, bracket.NotBefore?.Name);
            WriteBound(json, "not_after", bracket.NotAfter?.NotAfter, bracket.NotAfter?.Name);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteBound(Utf8JsonWriter json, string name, DateTimeOffset? time, string? by)
    {
        if (time is { } known)
        {
            json.WriteStartObject(name);
            json.WriteString("time", known);
            json.WriteString("name", by);
            json.WriteEndObject();
        }
    }

    private static void WriteHead(Utf8JsonWriter json, Trail trail)
    {
        json.WriteString("trace", trail.Trace.ToString());
        json.WriteString("started", trail.Started);
        json.WriteString("last_record", trail.Ended);
        json.WriteString("status", trail.Status);
        if (trail.Root is { } root)
        {
            json.WriteStartObject("initiated_by");
            json.WriteString("principal", root.Initiation.Principal);
            json.WriteString("authenticated", root.Initiation.Authenticated);
            json.WriteString("channel", root.Initiation.Channel);
            json.WriteString("owner", root.Initiation.Owner);
            json.WriteString("record", root.Initiation.Record.ToString());
            json.WriteEndObject();
        }

        json.WriteNumber("record_count", trail.Records.Count);
        json.WriteNumber("action_count", trail.Actions.Count);
        json.WriteStartArray("agents");
        foreach (var agent in trail.Records.Select(record => record.Record.Actor.Id).Distinct())
        {
            json.WriteStringValue(agent.ToString());
        }

        json.WriteEndArray();
        json.WriteStartArray("open");
        foreach (var open in trail.Open)
        {
            json.WriteStringValue(open);
        }

        json.WriteEndArray();
    }

    private static void WriteAction(Utf8JsonWriter json, TrailAction action, ActionAuthority authority)
    {
        json.WriteStartObject();
        json.WriteString("span", action.Span.ToString());
        Optional(json, "parent", action.Parent?.ToString());
        json.WriteString("agent", action.Actor.Id.ToString());
        json.WriteString("recorded_by", action.Issuer.ToString());
        json.WriteString("type", action.Type);
        json.WriteString("resource", action.Resource);
        if (action.Writes is { } writes)
        {
            json.WriteBoolean("writes", writes);
        }

        json.WriteString("requested", action.Requested);
        json.WriteString("status", action.Status ?? "open");
        Optional(json, "error", action.Error);
        if (action.Duration is { } duration)
        {
            json.WriteNumber("duration_us", (long)duration.TotalMicroseconds);
        }

        Optional(json, "decision", action.Decision?.ToString());
        Optional(json, "approval", action.Approval?.ToString());
        Optional(json, "credential", action.Credential);
        WriteAuthority(json, authority);
        json.WriteString("request", action.Request.ToString());
        Optional(json, "completion", action.Completion?.ToString());
        json.WriteEndObject();
    }

    private static void WriteAuthority(Utf8JsonWriter json, ActionAuthority authority)
    {
        json.WriteStartObject("authority");
        Optional(json, "principal", authority.Initiator?.Principal);
        if (authority.Scope.Rights is { } rights)
        {
            json.WriteStartArray("scope");
            foreach (var right in rights)
            {
                json.WriteStringValue(right);
            }

            json.WriteEndArray();
        }

        json.WriteBoolean("delegations_hold", authority.Invalid.Count == 0);
        json.WriteStartArray("records");
        foreach (var record in authority.Records)
        {
            json.WriteStringValue(record.ToString());
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Optional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }
}
