using System.Buffers;
using System.Text.Json;

namespace Cairn.Gateway.Messages;

/// <summary>
/// JSON-RPC errors that the gateway itself answers. Their <c>data.source</c> says so, and their own codes lie outside
/// the range that JSON-RPC and MCP reserve (MCP 2026-07-28, basic §Error Codes), so no peer's error can be meant.
/// </summary>
internal static class ErrorReply
{
    /// <summary>Evidence could not be recorded: the request was not passed on.</summary>
    public const int EvidenceUnavailable = -31001;

    /// <summary>The other side ended before it answered.</summary>
    public const int PeerEnded = -31002;

    /// <summary>Too many requests are unanswered: this one was not passed on.</summary>
    public const int TooManyRequests = -31003;

    /// <summary>Policy denied the request: it was not passed on.</summary>
    public const int PolicyDenied = -31004;

    /// <summary>The request needed a human's approval and did not get it: it was not passed on.</summary>
    public const int NotApproved = -31005;

    /// <summary>The credential that the request needed was not given: it was not passed on.</summary>
    public const int CredentialRefused = -31006;

    /// <summary>A replayed server has no recorded answer to the request.</summary>
    public const int NotRecorded = -31007;

    /// <summary>One reply with its line end.</summary>
    public static byte[] Line(MessageId? id, int code, string message, string reason) => Lines([(id, code, message, reason)], asBatch: false);

    /// <summary>Several replies: one line each, or one line with an array of all.</summary>
    public static byte[] Lines(IReadOnlyList<(MessageId? Id, int Code, string Message, string Reason)> replies, bool asBatch)
    {
        var buffer = new ArrayBufferWriter<byte>(256 * replies.Count);
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        if (asBatch)
        {
            writer.WriteStartArray();
        }

        foreach (var (id, code, message, reason) in replies)
        {
            writer.WriteStartObject();
            writer.WriteString("jsonrpc"u8, "2.0"u8);
            writer.WritePropertyName("id"u8);
            if (id is { } known)
            {
                writer.WriteRawValue(known.Raw.Span, skipInputValidation: true);
            }
            else
            {
                writer.WriteNullValue();
            }

            writer.WriteStartObject("error"u8);
            writer.WriteNumber("code"u8, code);
            writer.WriteString("message"u8, message);
            writer.WriteStartObject("data"u8);
            writer.WriteString("source"u8, "cairn-gateway"u8);
            writer.WriteString("reason"u8, reason);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
            if (!asBatch)
            {
                EndLine(writer, buffer);
            }
        }

        if (asBatch)
        {
            writer.WriteEndArray();
            EndLine(writer, buffer);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void EndLine(Utf8JsonWriter writer, ArrayBufferWriter<byte> buffer)
    {
        writer.Flush();
        buffer.Write("\n"u8);
        writer.Reset();
    }
}
