using Cairn.Gateway.Capture;
using Cairn.Gateway.Messages;
using Cairn.HttpGateway.Callers;
using Cairn.HttpGateway.Replies;
using Cairn.HttpGateway.Sessions;
using Cairn.HttpGateway.Upstreams;
using Microsoft.AspNetCore.Http;

namespace Cairn.HttpGateway.Exchanges;

/// <summary>
/// One GET or DELETE: the session's stream from the server, possibly resumed after an event (<c>Last-Event-ID</c>), and the
/// session's end (MCP 2025-03-26 to 2025-11-25).
/// </summary>
internal sealed class StreamExchange(RouteEndpoint endpoint, HttpContext context, AuthenticatedCaller caller)
{
    private readonly CallerStream _caller = new(context);

    public async Task RunAsync()
    {
        var metadata = RequestMetadata.Of(context.Request);
        var session = metadata.SessionId is { } id
            ? endpoint.Sessions.Find(endpoint.Route, caller, id)
            : endpoint.Sessions.Standing(endpoint.Route, caller);
        if (session is null)
        {
            await _caller.SendAsync(404, ErrorReply.Line(null, RefusalReplies.UnknownSession, "the session is not known here; begin a new one", "unknown_session"), context.RequestAborted).ConfigureAwait(false);
            return;
        }

        session.Know(context.Request.Headers.Authorization);
        var isDelete = HttpMethods.IsDelete(context.Request.Method);
        var isOver = false;
        try
        {
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, session.Ending, endpoint.Stopping);
            if (caller.Expires is { } expires && !isDelete)
            {
                // Whoever was let in until then is not served longer.
                var left = expires - endpoint.Time.GetUtcNow();
                ending.CancelAfter(left > TimeSpan.FromDays(40) ? TimeSpan.FromDays(40) : left > TimeSpan.Zero ? left : TimeSpan.Zero);
            }

            isOver = await PassAsync(session, metadata, ending.Token).ConfigureAwait(false);
        }
        finally
        {
            session.Unuse();
        }

        if (isOver && metadata.SessionId is not null)
        {
            await endpoint.Sessions.EndAsync(session, "done", isDelete ? null : "the server ended the session").ConfigureAwait(false);
        }
    }

    /// <returns>True when the session is over.</returns>
    private async Task<bool> PassAsync(McpSession session, RequestMetadata metadata, CancellationToken ending)
    {
        try
        {
            using var request = endpoint.Server.Request(new HttpMethod(context.Request.Method));
            HeaderRules.CopyRequest(context.Request, request, endpoint.Route.Upstream.ForwardsAuthorization);
            if (metadata.Context is { } position)
            {
                request.Headers.TryAddWithoutValidation("traceparent", position.ToString());
            }

            using var response = await endpoint.Server.SendAsync(request, ending).ConfigureAwait(false);
            await AnswerAsync(session, response, ending).ConfigureAwait(false);
            return (int)response.StatusCode == 404 || (HttpMethods.IsDelete(context.Request.Method) && response.IsSuccessStatusCode);
        }
        catch (HttpRequestException e)
        {
            await endpoint.Log.WriteLineAsync($"cairn: {endpoint.Route.Path}: the server could not be reached ({e.HttpRequestError})").ConfigureAwait(false);
            if (!context.Response.HasStarted)
            {
                await Problem.WriteAsync(context, 502, "server_unreachable", "the server could not be reached").ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // A stream that waits for nothing in particular may end at any time; the client comes again.
            if (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
            {
                await Problem.WriteAsync(context, 503, "stopping", "the gateway or the session is about to end").ConfigureAwait(false);
            }
        }

        return false;
    }

    private async Task AnswerAsync(McpSession session, HttpResponseMessage response, CancellationToken ending)
    {
        var status = (int)response.StatusCode;
        if (status is >= 300 and < 400 || (status == 401 && !endpoint.Route.Upstream.ForwardsAuthorization))
        {
            await Problem.WriteAsync(context, 502, "server_answer", $"the server answers with HTTP {status}").ConfigureAwait(false);
            return;
        }

        HeaderRules.CopyResponse(response, context.Response, endpoint.Route.Upstream.ForwardsAuthorization);
        context.Response.StatusCode = status;
        var stream = await response.Content.ReadAsStreamAsync(ending).ConfigureAwait(false);
        if (response.IsSuccessStatusCode && response.Content.Headers.ContentType?.MediaType is "text/event-stream")
        {
            await _caller.BeginEventsAsync(ending).ConfigureAwait(false);
            await new ServerEvents(endpoint, session, null, _caller).PassAsync(stream, ending).ConfigureAwait(false);
            return;
        }

        try
        {
            using var body = await HeldBody.ReadAsync(stream, response.Content.Headers.ContentLength, endpoint.Configuration.Limits.MessageBytes, endpoint.FromServers, null, ending).ConfigureAwait(false);
            if (!body.Bytes.IsEmpty)
            {
                await context.Response.Body.WriteAsync(body.Bytes, ending).ConfigureAwait(false);
            }
        }
        catch (BodyTooLongException e)
        {
            await Problem.WriteAsync(context, 502, "answer_too_large", $"the server's answer was not passed on: {e.Message}").ConfigureAwait(false);
        }
    }
}
