using System.Globalization;
using System.Text.Json;
using Cairn.Broker.Store;
using Cairn.Evidence;

namespace Cairn.Broker.Evidence;

/// <summary>The bodies of <c>credential.*</c> records (docs/spec/schemas). Public ids only; no token, no proof.</summary>
internal static class CredentialRecords
{
    public static Action<Utf8JsonWriter> Issued(CredentialEntry entry, string issuer, string? parent) => json =>
    {
        json.WriteString("id"u8, entry.Id);
        json.WriteString("issuer"u8, issuer);
        json.WriteString("subject"u8, entry.Subject);
        json.WriteString("type"u8, "oauth2.access_token"u8);
        Holder(json, entry.HolderKey);
        Texts(json, "actors"u8, entry.Actors);
        Texts(json, "audience"u8, entry.Audience);
        Texts(json, "scope"u8, entry.Scope);
        json.WriteString("expires"u8, Time(entry.Expires));
        if (parent is not null)
        {
            json.WriteString("parent"u8, parent);
        }

        json.WriteNumber("ttl_s"u8, Math.Max(1, (long)(entry.Expires - entry.Issued).TotalSeconds));
    };

    public static Action<Utf8JsonWriter> Used(CredentialEntry entry, string issuer, string? resource, string? action, string proof) => json =>
    {
        json.WriteString("id"u8, entry.Id);
        json.WriteString("issuer"u8, issuer);
        json.WriteString("subject"u8, entry.Subject);
        if (action is not null)
        {
            json.WriteString("action"u8, action);
        }

        if (resource is not null)
        {
            json.WriteString("resource"u8, resource);
        }

        Holder(json, entry.HolderKey);
        json.WriteString("proof"u8, proof);
    };

    public static Action<Utf8JsonWriter> Refused(Refusal refusal, string issuer) => json =>
    {
        if (refusal.Id is not null)
        {
            json.WriteString("id"u8, refusal.Id);
        }

        json.WriteString("issuer"u8, issuer);
        if (refusal.Subject is not null)
        {
            json.WriteString("subject"u8, refusal.Subject);
        }

        json.WriteString("error"u8, refusal.Error);
        json.WriteString("reason"u8, refusal.Reason);
        Texts(json, "actors"u8, refusal.Actors);
        Texts(json, "audience"u8, refusal.Audience);
        Texts(json, "scope"u8, refusal.Scope);
        Holder(json, refusal.HolderKey);
    };

    public static Action<Utf8JsonWriter> Revoked(Ending ending, string issuer) => json =>
    {
        json.WriteString("id"u8, ending.Entry.Id);
        json.WriteString("issuer"u8, issuer);
        json.WriteString("subject"u8, ending.Entry.Subject);
        json.WriteString("reason"u8, ending.Reason);
        if (ending.By is not null)
        {
            json.WriteString("by"u8, ending.By);
        }

        if (ending.CascadeOf is not null)
        {
            json.WriteString("cascade_of"u8, ending.CascadeOf);
        }
    };

    public static Action<Utf8JsonWriter> Expired(Ending ending, string issuer) => json =>
    {
        json.WriteString("id"u8, ending.Entry.Id);
        json.WriteString("issuer"u8, issuer);
        json.WriteString("subject"u8, ending.Entry.Subject);
        json.WriteString("expired"u8, Time(ending.Entry.Expires));
    };

    private static void Holder(Utf8JsonWriter json, string? key)
    {
        if (key is not null)
        {
            json.WriteString("holder_key"u8, key);
        }
    }

    private static void Texts(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}

/// <summary>What is recorded of a credential that was not given or not accepted.</summary>
internal sealed record Refusal(string Error, string Reason)
{
    public string? Id { get; init; }

    public string? Subject { get; init; }

    public IReadOnlyList<string> Actors { get; init; } = [];

    public IReadOnlyList<string> Audience { get; init; } = [];

    public IReadOnlyList<string> Scope { get; init; } = [];

    public string? HolderKey { get; init; }
}
