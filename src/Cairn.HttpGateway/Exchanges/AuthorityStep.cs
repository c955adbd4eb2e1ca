using System.Buffers;
using System.Text.Json;
using System.Threading.Channels;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Messages;
using Cairn.HttpGateway.Replies;
using Cairn.HttpGateway.Sessions;

namespace Cairn.HttpGateway.Exchanges;

/// <summary>
/// Takes the actions of an exchange through the pipeline. While a human is waited for, the caller gets an event stream
/// with progress, so that neither its client nor anything in between takes the silence for an end.
/// </summary>
internal sealed class AuthorityStep(RouteEndpoint endpoint, McpSession session, Exchange exchange, CallerStream caller)
{
    private readonly Channel<(PendingRequest Request, string Text)> _news = Channel.CreateBounded<(PendingRequest, string)>(
        new BoundedChannelOptions(64) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private int _progress;

    /// <summary>The permits of all actions, refused ones included.</summary>
    /// <exception cref="OperationCanceledException">The caller is gone or cancelled a request, or the gateway ends; that is recorded.</exception>
    public async Task<IReadOnlyDictionary<PendingRequest, ActionPermit>> DecideAsync(CancellationToken cancellationToken)
    {
        var actions = exchange.Actions.ToList();
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        session.Hold(actions.Select(a => a.Action), cancelled);
        var permits = new ActionPermit?[actions.Count];
        try
        {
            var deciding = Task.WhenAll(actions.Select(async (a, i) =>
                permits[i] = await endpoint.Pipeline.BeginAsync(a.Action.Way, new Told(_news.Writer, a.Request), null, cancelled.Token).ConfigureAwait(false)));
            await TellWhileAsync(deciding, cancelled).ConfigureAwait(false);
            await deciding.ConfigureAwait(false);
            return actions.Zip(permits).ToDictionary(p => p.First.Request, p => p.Second!);
        }
        catch (OperationCanceledException)
        {
            // The pipeline has recorded those that were under way; of a batch, others may have been admitted already.
            foreach (var permit in permits.OfType<ActionPermit>())
            {
                await permit.CompleteAsync(new ActionResult(ActionStatus.Cancelled)
                {
                    ErrorCode = "cancelled",
                    ErrorMessage = "the caller gave up before the action was done",
                }).ConfigureAwait(false);
            }

            throw;
        }
        finally
        {
            session.Release(actions.Select(a => a.Action));
        }
    }

    private async Task TellWhileAsync(Task deciding, CancellationTokenSource cancelled)
    {
        while (!deciding.IsCompleted)
        {
            var told = _news.Reader.WaitToReadAsync().AsTask();
            if (await Task.WhenAny(deciding, told).ConfigureAwait(false) == deciding)
            {
                return;
            }

            while (_news.Reader.TryRead(out var news))
            {
                try
                {
                    await TellAsync(news.Request, news.Text, cancelled.Token).ConfigureAwait(false);
                }
                catch (Exception e) when (e is IOException or OperationCanceledException)
                {
                    // Nobody is there any more to be told: the pipeline records that the caller gave up.
                    await cancelled.CancelAsync().ConfigureAwait(false);
                }
            }
        }
    }

    private async Task TellAsync(PendingRequest request, string text, CancellationToken cancellationToken)
    {
        if (!caller.IsEventStream)
        {
            if (!caller.TakesEvents)
            {
                return;
            }

            await caller.BeginEventsAsync(cancellationToken).ConfigureAwait(false);
        }

        var message = exchange.MessageOf(request);
        await caller.WriteAsync(
            message["params._meta.progressToken"] is { Type: JsonTokenType.String or JsonTokenType.Number } token
                ? EventFields.Write(Progress(token.In(exchange.Body.Span), ++_progress, text))
                : System.Text.Encoding.UTF8.GetBytes(": waiting for approval\n\n"),
            cancellationToken).ConfigureAwait(false);
    }

    private static ReadOnlySpan<byte> Progress(ReadOnlySpan<byte> token, int progress, string text)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        writer.WriteStartObject();
        writer.WriteString("jsonrpc"u8, "2.0"u8);
        writer.WriteString("method"u8, "notifications/progress"u8);
        writer.WriteStartObject("params"u8);
        writer.WritePropertyName("progressToken"u8);
        writer.WriteRawValue(token, skipInputValidation: true);

        // Far below what a server counts from: the progress that clients see must grow.
        writer.WriteNumber("progress"u8, progress / 1_000_000.0);
        writer.WriteString("message"u8, text);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan;
    }

    private sealed class Told(ChannelWriter<(PendingRequest Request, string Text)> news, PendingRequest request) : IProgress<string>
    {
        public void Report(string value) => news.TryWrite((request, value));
    }
}
