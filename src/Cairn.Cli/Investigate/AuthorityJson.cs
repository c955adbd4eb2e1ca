using System.Text.Json;
using Cairn.Trails;

namespace Cairn.Cli.Investigate;

/// <summary>A trail's authority for programs.</summary>
internal static class AuthorityJson
{
    public static void Write(Utf8JsonWriter json, TrailAuthority authority)
    {
        json.WriteStartObject("authority");
        Array(json, "policies", authority.Policies, policy =>
        {
            json.WriteBoolean("loaded", policy.IsLoaded);
            Optional(json, "name", policy.Name);
            Optional(json, "version", policy.Version);
            Optional(json, "digest", policy.Digest);
            json.WriteString("mode", policy.Mode);
            Texts(json, "errors", policy.Errors);
            json.WriteString("time", policy.Time);
            json.WriteString("record", policy.Record.ToString());
        });
        Array(json, "decisions", authority.Decisions, decision =>
        {
            json.WriteString("decision", decision.Outcome);
            json.WriteBoolean("binds", decision.Binds);
            json.WriteString("bundle", decision.Bundle);
            json.WriteString("version", decision.Version);
            Texts(json, "determining", decision.Determining);
            Texts(json, "errors", decision.Errors);
            Optional(json, "reason", decision.Reason);
            Optional(json, "action", decision.Action?.ToString());
            Optional(json, "approval", decision.Approval?.ToString());
            json.WriteString("time", decision.Time);
            json.WriteString("record", decision.Record.ToString());
        });
        Array(json, "approvals", authority.Approvals, approval =>
        {
            Optional(json, "action", approval.Action?.ToString());
            Texts(json, "approvers", approval.Approvers);
            json.WriteString("asked", approval.Asked);
            json.WriteString("request", approval.Request.ToString());
            Optional(json, "answer", approval.Answer);
            Optional(json, "approver", approval.Approver);
            Optional(json, "authenticated", approval.Authenticated);
            Time(json, "answered", approval.Answered);
            Optional(json, "recorded", approval.Recorded?.ToString());
        });
        Array(json, "credentials", authority.Credentials, credential =>
        {
            json.WriteString("id", credential.Id);
            Optional(json, "issuer", credential.Issuer);
            Optional(json, "subject", credential.Subject);
            Texts(json, "actors", credential.Actors);
            Texts(json, "audience", credential.Audience);
            Texts(json, "scope", credential.Scope);
            Optional(json, "exchanged_for", credential.ExchangedFor);
            Time(json, "issued", credential.Issued);
            Time(json, "expires", credential.Expires);
            Texts(json, "uses", [.. credential.Uses.Select(use => use.Record.ToString())]);
            Optional(json, "ending", credential.Ending);
            Time(json, "ended", credential.Ended);
            Optional(json, "reason", credential.Reason);
        });
        Array(json, "refusals", authority.Refusals, refusal =>
        {
            json.WriteString("error", refusal.Error);
            json.WriteString("reason", refusal.Reason);
            Texts(json, "scope", refusal.Scope);
            json.WriteString("time", refusal.Time);
            json.WriteString("record", refusal.Record.ToString());
        });
        json.WriteEndObject();
    }

    private static void Array<T>(Utf8JsonWriter json, string name, IReadOnlyList<T> items, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(item);
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

    private static void Optional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static void Time(Utf8JsonWriter json, string name, DateTimeOffset? value)
    {
        if (value is { } time)
        {
            json.WriteString(name, time);
        }
    }
}
