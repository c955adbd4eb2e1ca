using Cairn.HttpGateway.Exchanges;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Cairn.HttpGateway.Replies;

/// <summary>
/// The answer to a caller. It is JSON or an event stream, as the server chooses, unless the gateway had to begin a stream
/// itself because the call waits for a human.
/// </summary>
internal sealed class CallerStream(HttpContext context)
{
    /// <summary>The answer is an event stream, and begun.</summary>
    public bool IsEventStream { get; private set; }

    /// <summary>The caller takes event streams (MCP asks it to, for every POST).</summary>
    public bool TakesEvents => context.Request.Headers.Accept.Any(a => a is not null && (a.Contains("text/event-stream", StringComparison.OrdinalIgnoreCase) || a.Contains("*/*", StringComparison.Ordinal)));

    /// <summary>Begins an event stream; headers of the server's are set before.</summary>
    public async Task BeginEventsAsync(CancellationToken cancellationToken)
    {
        IsEventStream = true;
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache, no-transform";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await context.Response.StartAsync(cancellationToken).ConfigureAwait(false);
        await context.Response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Passes bytes of an event stream on, at once.</summary>
    public async Task WriteAsync(ReadOnlyMemory<byte> raw, CancellationToken cancellationToken)
    {
        await context.Response.Body.WriteAsync(raw, cancellationToken).ConfigureAwait(false);
        await context.Response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends a message: as an event where a stream is begun, else as the whole answer.</summary>
    public async Task SendAsync(int status, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (IsEventStream)
        {
            await WriteAsync(EventFields.Write(message.Span), cancellationToken).ConfigureAwait(false);
            return;
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = message.Length;
        if (status == 503)
        {
            context.Response.Headers.RetryAfter = "1";
        }

        await context.Response.Body.WriteAsync(message, cancellationToken).ConfigureAwait(false);
    }
}
