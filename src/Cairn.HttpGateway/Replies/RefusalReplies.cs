using System.Buffers;
using System.Text.Json;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Messages;

namespace Cairn.HttpGateway.Replies;

/// <summary>What a caller is answered whose call is not done, or not answered by its server.</summary>
internal static class RefusalReplies
{
    /// <summary>Policy says no to a request that is no tool call.</summary>
    public const int NotPermitted = -31004;

    /// <summary>Nobody approved it.</summary>
    public const int NotApproved = -31005;

    /// <summary>The credential that it needs can't be had or delivered.</summary>
    public const int NoCredential = -31006;

    /// <summary>The server can't be reached, is silent, or answers what nobody can understand.</summary>
    public const int NoAnswer = -31002;

    /// <summary>The session is none of this caller's.</summary>
    public const int UnknownSession = -31007;

    /// <summary>The caller cancelled the request before it was passed on.</summary>
    public const int Cancelled = -31008;

    /// <summary>HTTP headers and body say different things (MCP 2026-07-28, Streamable HTTP §Server Validation).</summary>
    public const int HeaderMismatch = -32020;

    /// <summary>
    /// The answer to a refused request. A tool call's is a tool result that says it failed, because that is what clients
    /// show to model and user; evidence that can't be kept is an error, because it may be tried again.
    /// </summary>
    public static byte[] Refused(PendingRequest request, ActionRefusal refusal) => refusal.Code switch
    {
        "evidence_unavailable" => ErrorReply.Line(
            request.Id, ErrorReply.EvidenceUnavailable,
            $"{request.Method} was refused: its evidence could not be recorded ({refusal.Message}). It was not passed on; try again later.", refusal.Code),
        _ when request.Method == McpMethods.ToolsCall => ToolError(request.Id, $"This call was not done. {refusal.Message}", refusal.Code),
        _ => ErrorReply.Line(request.Id, CodeOf(refusal.Code), $"{request.Method} was not passed on: {refusal.Message}", refusal.Code),
    };

    /// <summary>One error for each of several requests: one message, or an array where a batch was sent.</summary>
    public static byte[] Errors(IEnumerable<PendingRequest> requests, int code, string message, string reason, bool asBatch) =>
        ErrorReply.Lines([.. requests.Select(r => ((MessageId?)r.Id, code, message, reason))], asBatch);

    private static int CodeOf(string reason) => reason switch
    {
        "credential_refused" => NoCredential,
        "policy_denied" => NotPermitted,
        _ => NotApproved,
    };

    private static byte[] ToolError(MessageId id, string text, string reason)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        writer.WriteStartObject();
        writer.WriteString("jsonrpc"u8, "2.0"u8);
        writer.WritePropertyName("id"u8);
        writer.WriteRawValue(id.Raw.Span, skipInputValidation: true);
        writer.WriteStartObject("result"u8);
        writer.WriteString("resultType"u8, "complete"u8);
        writer.WriteStartArray("content"u8);
        writer.WriteStartObject();
        writer.WriteString("type"u8, "text"u8);
        writer.WriteString("text"u8, text);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteBoolean("isError"u8, true);
        writer.WriteStartObject("_meta"u8);
        writer.WriteStartObject("cairn/refusal"u8);
        writer.WriteString("source"u8, "cairn-gateway"u8);
        writer.WriteString("reason"u8, reason);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
