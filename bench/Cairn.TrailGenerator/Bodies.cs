using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.TrailGenerator;

/// <summary>The kinds' own members, with the members and lengths that Cairn's emitters write (docs/spec/schemas).</summary>
internal static class Bodies
{
    private const string Bundle = "sha256:6a09e667f3bcc908bb67ae8584caa73b3c6ef372fe94f82ba54ff53a5f1d36f1";
    private const string Issuer = "https://broker.example.org";

    public static string Digest(Seeded random)
    {
        Span<byte> digits = stackalloc byte[64];
        random.Hash(digits);
        return $"hmac-sha256:{Encoding.ASCII.GetString(digits)}";
    }

    public static Action<Utf8JsonWriter> Start(Actor agent, int depth) => w =>
    {
        w.WriteString("principal"u8, depth == 0 ? "user:ada@example.org" : "agent");
        w.WriteString("authenticated"u8, depth == 0 ? "oidc" : "spiffe");
        w.WriteString("channel"u8, depth == 0 ? "chat" : "delegation");
        w.WriteString("owner"u8, agent.Owner);
    };

    public static Action<Utf8JsonWriter> End(FleetEmitter by, long records) => w =>
    {
        w.WriteString("status"u8, "done"u8);
        w.WriteStartArray("emitters"u8);
        w.WriteStartObject();
        w.WriteString("emitter"u8, by.Id.ToString());
        w.WriteString("stream"u8, by.Stream.ToString());
        w.WriteNumber("records"u8, records);
        w.WriteEndObject();
        w.WriteEndArray();
    };

    public static Action<Utf8JsonWriter> Manifest(Seeded random, IReadOnlyList<string> tools, bool changed) => w =>
    {
        w.WriteString("subject"u8, "mcp.tools"u8);
        w.WriteString("name"u8, "orders"u8);
        w.WriteString("digest"u8, Bundle);
        w.WriteBoolean("changed"u8, changed);
        w.WriteStartArray("tools"u8);
        foreach (var tool in tools)
        {
            w.WriteStartObject();
            w.WriteString("name"u8, tool);
            w.WriteString("digest"u8, $"sha256:{random.Next():x16}{random.Next():x16}{random.Next():x16}{random.Next():x16}");
            w.WriteEndObject();
        }

        w.WriteEndArray();
    };

    public static Action<Utf8JsonWriter> Policy() => w =>
    {
        w.WriteString("status"u8, "loaded"u8);
        w.WriteString("name"u8, "orders"u8);
        w.WriteString("version"u8, "1.4.0"u8);
        w.WriteString("digest"u8, Bundle);
        w.WriteString("mode"u8, "enforce"u8);
    };

    public static Action<Utf8JsonWriter> Decision(Seeded random, RecordId request, string decision, RecordId? approval) => w =>
    {
        w.WriteString("bundle"u8, Bundle);
        w.WriteString("version"u8, "1.4.0"u8);
        w.WriteString("entry"u8, "tool.call"u8);
        Commitment(w, "input"u8, random);
        w.WriteString("decision"u8, decision);
        w.WriteStartArray("determining"u8);
        w.WriteStringValue("orders-may-be-read"u8);
        w.WriteEndArray();
        w.WriteString("mode"u8, "enforce"u8);
        w.WriteString("engine"u8, "cedar 4.13"u8);
        w.WriteNumber("duration_us"u8, 80 + random.Below(200));
        w.WriteString("action"u8, request.ToString());
        if (approval is { } answer)
        {
            w.WriteString("approval"u8, answer.ToString());
        }
    };

    public static Action<Utf8JsonWriter> Request(
        Seeded random, string type, string resource, bool writes, RecordId? decision, string? credential, RecordId? approval) => w =>
    {
        w.WriteString("type"u8, type);
        w.WriteString("resource"u8, resource);
        Commitment(w, "input"u8, random);
        w.WriteBoolean("writes"u8, writes);
        w.WriteBoolean("strict"u8, true);
        if (decision is { } decided)
        {
            w.WriteString("decision"u8, decided.ToString());
        }

        if (credential is not null)
        {
            w.WriteString("credential"u8, credential);
        }

        if (approval is { } approved)
        {
            w.WriteString("approval"u8, approved.ToString());
        }
    };

    public static Action<Utf8JsonWriter> Complete(Seeded random, RecordId request, string type, string resource, string status) => w =>
    {
        w.WriteString("type"u8, type);
        w.WriteString("resource"u8, resource);
        w.WriteString("requested"u8, request.ToString());
        w.WriteString("status"u8, status);
        Commitment(w, "output"u8, random);
        w.WriteNumber("duration_us"u8, 500 + random.Below(50_000));
        if (status == "tool_error")
        {
            w.WriteStartObject("error"u8);
            w.WriteString("message"u8, "the service is busy"u8);
            w.WriteEndObject();
        }
    };

    public static Action<Utf8JsonWriter> Effect(Seeded random, RecordId request, string tool, string status) => w =>
    {
        w.WriteString("system"u8, "orders-db"u8);
        w.WriteString("event_id"u8, $"{random.Next():x16}");
        w.WriteString("operation"u8, "UPDATE"u8);
        w.WriteString("resource"u8, $"table:public.orders/{tool}");
        w.WriteString("status"u8, status);
        w.WriteString("action"u8, request.ToString());
        w.WriteStartObject("after"u8);
        w.WriteString("kind"u8, "lsn"u8);
        w.WriteString("value"u8, $"0/{random.Next() >> 32:X8}");
        w.WriteEndObject();
    };

    public static Action<Utf8JsonWriter> Question(RecordId request, string digest, DateTimeOffset expires) => w =>
    {
        w.WriteString("action"u8, request.ToString());
        w.WriteString("action_digest"u8, digest);
        w.WriteStartArray("approvers"u8);
        w.WriteStringValue("group:order-desk"u8);
        w.WriteEndArray();
        w.WriteString("expires"u8, Time(expires));
    };

    public static Action<Utf8JsonWriter> Answer(RecordId question, string digest, string decision) => w =>
    {
        w.WriteString("requested"u8, question.ToString());
        w.WriteString("action_digest"u8, digest);
        w.WriteString("decision"u8, decision);
        w.WriteString("approver"u8, "user:grace@example.org"u8);
        w.WriteString("authenticated"u8, "oidc"u8);
    };

    public static Action<Utf8JsonWriter> Delegation(Actor from, Actor to, SpanId child, DateTimeOffset expires) => w =>
    {
        w.WriteString("from"u8, from.Id.ToString());
        w.WriteString("to"u8, to.Id.ToString());
        w.WriteStartArray("scope"u8);
        w.WriteStringValue("tool:*"u8);
        w.WriteEndArray();
        w.WriteString("purpose"u8, "part of the work"u8);
        w.WriteString("child_span"u8, child.ToString());
        w.WriteString("expires"u8, Time(expires));
    };

    public static Action<Utf8JsonWriter> DelegationEnd(RecordId granted, SpanId child) => w =>
    {
        w.WriteString("granted"u8, granted.ToString());
        w.WriteString("reason"u8, "done"u8);
        w.WriteString("child_span"u8, child.ToString());
    };

    public static Action<Utf8JsonWriter> Issue(string id, Actor holder, DateTimeOffset expires) => w =>
    {
        w.WriteString("id"u8, id);
        w.WriteString("issuer"u8, Issuer);
        w.WriteString("subject"u8, "user:ada@example.org"u8);
        w.WriteString("type"u8, "oauth2.access_token"u8);
        w.WriteStartArray("actors"u8);
        w.WriteStringValue(holder.Id.ToString());
        w.WriteEndArray();
        w.WriteStartArray("scope"u8);
        w.WriteStringValue("tool:*"u8);
        w.WriteEndArray();
        w.WriteStartArray("audience"u8);
        w.WriteStringValue("mcp://orders"u8);
        w.WriteEndArray();
        w.WriteString("expires"u8, Time(expires));
    };

    public static Action<Utf8JsonWriter> Use(string id, Actor by, RecordId request, string tool) => w =>
    {
        w.WriteString("id"u8, id);
        w.WriteString("issuer"u8, Issuer);
        w.WriteString("subject"u8, by.Id.ToString());
        w.WriteString("action"u8, request.ToString());
        w.WriteString("resource"u8, $"mcp://orders/tools/{tool}");
        w.WriteString("proof"u8, "dpop"u8);
    };

    public static Action<Utf8JsonWriter> Revocation(string id) => w =>
    {
        w.WriteString("id"u8, id);
        w.WriteString("issuer"u8, Issuer);
        w.WriteString("reason"u8, "the task is done"u8);
    };

    public static Action<Utf8JsonWriter> Gap() => w =>
    {
        w.WriteString("reason"u8, "spool.full"u8);
        w.WriteNumber("count"u8, 3);
    };

    private static void Commitment(Utf8JsonWriter w, ReadOnlySpan<byte> member, Seeded random)
    {
        Span<byte> text = stackalloc byte[12 + 64];
        "hmac-sha256:"u8.CopyTo(text);
        random.Hash(text[12..]);
        w.WriteStartObject(member);
        w.WriteString("commitment"u8, text);
        w.WriteNumber("bytes"u8, 20 + random.Below(4000));
        w.WriteString("media"u8, "application/json"u8);
        w.WriteString("content"u8, "none"u8);
        w.WriteEndObject();
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
