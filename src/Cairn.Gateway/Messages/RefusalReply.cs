using System.Buffers;
using System.Text.Json;

namespace Cairn.Gateway.Messages;

/// <summary>
/// The gateway's answer to a request that it did not let pass: for a tool call a result that says so to the model, for
/// everything else a JSON-RPC error (docs/decisions/0047).
/// </summary>
/// <param name="Id">The request's id.</param>
/// <param name="Reason">The refusal's stable code.</param>
/// <param name="Text">What was refused and why.</param>
/// <param name="Action">Id of the action's <c>action.requested</c>; null where there is none.</param>
internal sealed record RefusalReply(MessageId Id, string Reason, string Text, string? Action)
{
    /// <summary>The revision from which on a result says of which type it is.</summary>
    private const string TypedResults = "2026-07-28";

    private const string Source = "cairn-gateway";

    /// <summary>A <c>tools/call</c> result with <c>isError</c>.</summary>
    /// <param name="protocol">The revision spoken; null before either side said.</param>
    public byte[] AsToolResult(string? protocol) => Write(writer =>
    {
        writer.WriteStartObject("result"u8);
        writer.WriteStartObject("_meta"u8);
        writer.WriteStartObject("cairn/refusal"u8);
        WriteOrigin(writer);
        writer.WriteEndObject();
        writer.WriteEndObject();
        if (string.CompareOrdinal(protocol, TypedResults) >= 0)
        {
            writer.WriteString("resultType"u8, "complete"u8);
        }

        writer.WriteStartArray("content"u8);
        writer.WriteStartObject();
        writer.WriteString("type"u8, "text"u8);
        writer.WriteString("text"u8, Text);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteBoolean("isError"u8, true);
        writer.WriteEndObject();
    });

    /// <summary>A JSON-RPC error.</summary>
    public byte[] AsError() => Write(writer =>
    {
        writer.WriteStartObject("error"u8);
        writer.WriteNumber("code"u8, Reason switch
        {
            "policy_denied" => ErrorReply.PolicyDenied,
            "credential_refused" => ErrorReply.CredentialRefused,
            "approval_denied" or "approval_expired" or "approval_withdrawn" or "approval_unavailable" => ErrorReply.NotApproved,
            "too_many_waiting" => ErrorReply.TooManyRequests,
            "replay_divergence" or "replay_not_recorded" => ErrorReply.NotRecorded,
            _ => ErrorReply.EvidenceUnavailable,
        });
        writer.WriteString("message"u8, Text);
        writer.WriteStartObject("data"u8);
        WriteOrigin(writer);
        writer.WriteEndObject();
        writer.WriteEndObject();
    });

    /// <summary>Answers as lines: one each, or one line with an array of all.</summary>
    public static byte[] Lines(IReadOnlyList<byte[]> answers, bool asBatch)
    {
        var lines = new List<byte>();
        foreach (var answer in answers)
        {
            lines.AddRange(asBatch ? (lines.Count == 0 ? "["u8 : ","u8) : []);
            lines.AddRange(answer);
            lines.AddRange(asBatch ? [] : "\n"u8);
        }

        lines.AddRange(asBatch && answers.Count > 0 ? "]\n"u8 : []);
        return [.. lines];
    }

    private void WriteOrigin(Utf8JsonWriter writer)
    {
        writer.WriteString("source"u8, Source);
        writer.WriteString("reason"u8, Reason);
        if (Action is not null)
        {
            writer.WriteString("action"u8, Action);
        }
    }

    private byte[] Write(Action<Utf8JsonWriter> answer)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("jsonrpc"u8, "2.0"u8);
            writer.WritePropertyName("id"u8);
            writer.WriteRawValue(Id.Raw.Span, skipInputValidation: true);
            answer(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
