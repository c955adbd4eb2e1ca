using System.Buffers;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Framing;
using Cairn.Gateway.Messages;

namespace Cairn.Gateway.Replay;

/// <summary>
/// An MCP server over stdio that answers from evidence. It reads and frames messages as the gateway does, and passes
/// recorded answers on as the bytes they were (docs/decisions/0142).
/// </summary>
public static class ReplayServer
{
    private const int LongestLine = 64 * 1024 * 1024;

    /// <summary>Answers until the client closes its end.</summary>
    /// <param name="input">The client's messages.</param>
    /// <param name="output">Where the answers go.</param>
    /// <param name="server">What answers.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <exception cref="IOException">The client's messages can't be read.</exception>
    public static async Task RunAsync(Stream input, Stream output, IReplayedServer server, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(server);
        var reader = new LineReader(input, LongestLine);
        using var writer = new LineWriter(output);
        var scanner = new MessageScanner();
        var isLongLine = false;
        while (true)
        {
            // Reads block and can't be cancelled: one that is under way ends with the process.
            using var line = await Task.Run(reader.Read, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
            if (line is null)
            {
                return;
            }

            if (line.Kind != LineKind.Whole)
            {
                if (!isLongLine)
                {
                    var violation = MessageViolation.TooLong(LongestLine);
                    await writer.WriteAsync(ErrorReply.Line(null, violation.Code, violation.Text, violation.Reason), cancellationToken).ConfigureAwait(false);
                }

                isLongLine = line.Kind == LineKind.Fragment;
                continue;
            }

            var reply = Reply(scanner.Scan(line.Message.Span), line.Message, server);
            if (reply.Length > 0)
            {
                await writer.WriteAsync(reply, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static byte[] Reply(ScannedLine scanned, ReadOnlyMemory<byte> line, IReplayedServer server)
    {
        if (line.Span.IndexOfAnyExcept(" \t\r"u8) < 0)
        {
            return [];
        }

        if (scanned.Violation is { } violation)
        {
            return Refusals.NotUnderstood(scanned, violation);
        }

        var answers = scanned.Messages.Where(message => message is { Kind: MessageKind.Request, Id: not null, Method: not null }).Select(message => Answer(message, line, server)).ToList();
        return answers.Count == 0 ? [] : RefusalReply.Lines(answers, scanned.IsBatch);
    }

    private static byte[] Answer(McpMessage message, ReadOnlyMemory<byte> line, IReplayedServer server)
    {
        var answer = server.Answer(new ReplayRequest(
            message.Method!, message.Text("params.name", line.Span), message["params"]?.In(line) ?? default, message["params.arguments"]?.In(line) ?? default));
        switch (answer)
        {
            case ReplayAnswer.Result result:
                return Write(message.Id!.Value, "\"result\":"u8, result.Json.Span);
            case ReplayAnswer.Error error:
                return Write(message.Id!.Value, "\"error\":"u8, error.Json.Span);
            default:
                var refusal = (ReplayAnswer.Refusal)answer;
                var reply = new RefusalReply(message.Id!.Value, refusal.Code, refusal.Text, refusal.Action);
                return message.Method == McpMethods.ToolsCall && refusal.Code is not ("evidence_unavailable" or "too_many_waiting") ? reply.AsToolResult(server.Protocol) : reply.AsError();
        }
    }

    private static byte[] Write(MessageId id, ReadOnlySpan<byte> member, ReadOnlySpan<byte> json)
    {
        var buffer = new ArrayBufferWriter<byte>(json.Length + 128);
        buffer.Write("{\"jsonrpc\":\"2.0\",\"id\":"u8);
        buffer.Write(id.Raw.Span);
        buffer.Write(","u8);
        buffer.Write(member);
        var value = buffer.GetSpan(json.Length)[..json.Length];
        json.CopyTo(value);

        // An answer recorded over HTTP may stand on several lines. Within JSON's strings no line end stands as such.
        value.Replace((byte)'\n', (byte)' ');
        value.Replace((byte)'\r', (byte)' ');
        buffer.Advance(json.Length);
        buffer.Write("}"u8);
        return buffer.WrittenSpan.ToArray();
    }
}
