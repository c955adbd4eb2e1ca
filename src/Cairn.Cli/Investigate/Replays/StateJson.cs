using System.Text.Json;
using Cairn.Evidence;
using Cairn.Trails.Replay;

namespace Cairn.Cli.Investigate.Replays;

/// <summary>States of a trail for programs: the same state gives the same bytes.</summary>
internal static class StateJson
{
    public static void Write(Utf8JsonWriter json, ReplayState state)
    {
        var record = state.Happened;
        json.WriteStartObject();
        json.WriteString("trace", state.Known.Trace.ToString());
        json.WriteNumber("step", state.Step);
        json.WriteNumber("steps", state.Steps);
        json.WriteString("time", state.Time);
        json.WriteStartObject("happened");
        json.WriteString("what", StateText.What(state));
        json.WriteString("issuer", record.Issuer.ToString());
        json.WriteString("stream", record.Stream.ToString());
        json.WritePropertyName("record");
        json.WriteRawValue(record.Record.Bytes.Span);
        json.WriteEndObject();
        Array(json, "rests_on", state.RestsOn, basis =>
        {
            json.WriteString("how", basis.How);
            json.WriteString("names", basis.Names);
            Optional(json, "record", basis.Record);
        });
        Array(json, "open_tasks", state.Tasks, task =>
        {
            json.WriteString("span", task.Span.ToString());
            json.WriteString("agent", task.Agent.Id.ToString());
            json.WriteString("recorded_by", task.Issuer.ToString());
            json.WriteString("started", task.Started);
            json.WriteString("record", task.Initiation.Record.ToString());
        });
        Array(json, "open_actions", state.Actions, action =>
        {
            json.WriteString("type", action.Type);
            json.WriteString("resource", action.Resource);
            json.WriteString("agent", action.Actor.Id.ToString());
            json.WriteString("requested", action.Requested);
            json.WriteString("record", action.Request.ToString());
        });
        Array(json, "live_delegations", state.Delegations, delegation =>
        {
            json.WriteString("from", delegation.From);
            json.WriteString("to", delegation.To);
            Texts(json, "scope", delegation.Scope);
            Optional(json, "expires", delegation.Expires);
            json.WriteString("record", delegation.Record.ToString());
        });
        Array(json, "live_credentials", state.Credentials, credential =>
        {
            json.WriteString("id", credential.Id);
            Texts(json, "scope", credential.Scope);
            Texts(json, "audience", credential.Audience);
            Optional(json, "expires", credential.Expires);
            json.WriteNumber("uses", credential.Uses.Count);
            json.WriteString("record", credential.IssueRecord?.ToString());
        });
        Array(json, "waiting_approvals", state.Waiting, approval =>
        {
            Optional(json, "action", approval.Action);
            Texts(json, "approvers", approval.Approvers);
            Optional(json, "expires", approval.Expires);
            json.WriteString("record", approval.Request.ToString());
        });
        Array(json, "decisions", state.Known.Authority.Decisions, decision =>
        {
            json.WriteString("decision", decision.Outcome);
            json.WriteBoolean("binds", decision.Binds);
            Texts(json, "determining", decision.Determining);
            Optional(json, "action", decision.Action);
            json.WriteString("record", decision.Record.ToString());
        });
        Array(json, "effects", state.Known.Effects, effect =>
        {
            json.WriteString("system", effect.System);
            json.WriteString("operation", effect.Operation);
            json.WriteString("resource", effect.Resource);
            Optional(json, "action", effect.Action);
            json.WriteString("record", effect.Record.ToString());
        });
        json.WriteNumber("declared_gaps", state.Known.Gaps.Count);
        json.WriteEndObject();
    }

    private static void Array<TItem>(Utf8JsonWriter json, string name, IReadOnlyList<TItem> items, Action<TItem> members)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            members(item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Texts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static void Optional(Utf8JsonWriter json, string name, RecordId? record)
    {
        if (record is { } id)
        {
            json.WriteString(name, id.ToString());
        }
    }

    private static void Optional(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            json.WriteString(name, known);
        }
    }
}
