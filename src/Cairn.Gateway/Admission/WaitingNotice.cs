using System.Buffers;
using System.Text.Json;
using Cairn.Gateway.Framing;

namespace Cairn.Gateway.Admission;

/// <summary>
/// Keeps the sender of a request alive while a human is asked: <c>notifications/progress</c> for its progress token
/// (MCP, basic §Progress). The values rise and stay below zero, so that whatever the server reports later rises too.
/// </summary>
/// <param name="token">The progress token as JSON.</param>
/// <param name="sender">The way back to the sender of the request.</param>
internal sealed class WaitingNotice(ReadOnlyMemory<byte> token, LineWriter sender) : IProgress<string>
{
    private readonly Lock _gate = new();
    private Task _writing = Task.CompletedTask;
    private int _reports;
    private bool _isClosed;

    /// <summary>Sends one notice; skipped while the one before is not taken.</summary>
    public void Report(string value)
    {
        lock (_gate)
        {
            if (!_isClosed && _writing.IsCompleted)
            {
                _writing = sender.WriteAsync(Encode(-1.0 / ++_reports, value), CancellationToken.None).AsTask();
            }
        }
    }

    /// <summary>No notice follows once this completes: none may come behind the answer.</summary>
    public Task CloseAsync()
    {
        lock (_gate)
        {
            _isClosed = true;
            return _writing;
        }
    }

    private byte[] Encode(double progress, string message)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("jsonrpc"u8, "2.0"u8);
            writer.WriteString("method"u8, "notifications/progress"u8);
            writer.WriteStartObject("params"u8);
            writer.WritePropertyName("progressToken"u8);
            writer.WriteRawValue(token.Span, skipInputValidation: true);
            writer.WriteNumber("progress"u8, progress);
            writer.WriteString("message"u8, message);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }
}
