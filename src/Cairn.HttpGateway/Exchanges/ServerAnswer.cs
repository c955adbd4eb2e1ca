using System.Net;
using Cairn.Evidence;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Messages;
using Cairn.HttpGateway.Configuration;
using Cairn.HttpGateway.Replies;
using Cairn.HttpGateway.Sessions;
using Cairn.HttpGateway.Upstreams;
using Microsoft.AspNetCore.Http;

namespace Cairn.HttpGateway.Exchanges;

/// <summary>The second half of an exchange: it goes to the server, and the server's answer, whatever it is, to the caller and into the record.</summary>
internal sealed class ServerAnswer(
    RouteEndpoint endpoint, McpSession session, Exchange exchange, CallerStream caller, HttpContext context, RequestMetadata metadata, bool isNew)
{
    /// <summary>Passes the exchange on and its answer back.</summary>
    /// <param name="permits">The permits of its actions.</param>
    /// <param name="ending">The caller is gone, the session ends, or the gateway.</param>
    public async Task PassAsync(IReadOnlyDictionary<PendingRequest, ActionPermit> permits, CancellationToken ending)
    {
        using var silence = new SilenceTimer(endpoint.Configuration.Timeouts.Silence, endpoint.Time, ending);
        try
        {
            if (RequestOf(permits, out var obstacle) is not { } request)
            {
                await FailAsync(obstacle!, new Failure("credential_refused", obstacle!, 200, ErrorReply.CredentialRefused) { Status = ActionStatus.Refused }).ConfigureAwait(false);
                return;
            }

            using (request)
            using (var response = await endpoint.Server.SendAsync(request, silence.Token).ConfigureAwait(false))
            {
                silence.Heard();
                await AnswerAsync(response, silence).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            await EndedAsync(silence.IsOver).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            await FailAsync(e.HttpRequestError.ToString(), e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError
                ? new Failure("server_unreachable", "the server could not be reached; nothing was passed on", 502, ErrorReply.PeerEnded)
                : new Failure("server_broke_off", "the server broke the connection off before it answered; it may have acted", 502, ErrorReply.PeerEnded)).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            if (context.RequestAborted.IsCancellationRequested)
            {
                await EndedAsync(isSilence: false).ConfigureAwait(false);
            }
            else
            {
                await FailAsync(e.GetType().Name, new Failure("server_broke_off", "the server broke the connection off before it answered; it may have acted", 502, ErrorReply.PeerEnded)).ConfigureAwait(false);
            }
        }
    }

    private HttpRequestMessage? RequestOf(IReadOnlyDictionary<PendingRequest, ActionPermit> permits, out string? obstacle)
    {
        var body = OutgoingBody.Make(exchange, permits, endpoint.Route.Upstream.Credential, out obstacle);
        var credentials = permits.Values.Where(p => p.Credential is not null).ToList();
        if (obstacle is null && endpoint.Route.Upstream.Credential == CredentialDelivery.Authorization && credentials.Count > 1)
        {
            obstacle = "one request to the server shows one credential, and several calls of this batch need their own";
        }

        if (obstacle is not null)
        {
            return null;
        }

        var request = endpoint.Server.Request(HttpMethod.Post);
        request.Content = new ReadOnlyMemoryContent(body);
        HeaderRules.CopyRequest(context.Request, request, endpoint.Route.Upstream.ForwardsAuthorization);
        if (metadata.IsSessionless)
        {
            request.Headers.Remove("Mcp-Session-Id");
        }

        TraceParent? position = permits.Values.Select(p => (TraceParent?)p.Context).FirstOrDefault() ?? metadata.Context;
        if (position is { } passed)
        {
            request.Headers.TryAddWithoutValidation("traceparent", passed.ToString());
        }

        if (endpoint.Route.Upstream.Credential == CredentialDelivery.Authorization && credentials is [{ Credential: { } credential }])
        {
            request.Headers.Remove("Authorization");
            request.Headers.Remove("DPoP");
            request.Headers.TryAddWithoutValidation("Authorization", $"{credential.TokenType} {credential.Token}");
            if (credential.Prove is { } prove)
            {
                request.Headers.TryAddWithoutValidation("DPoP", prove(HttpMethod.Post, endpoint.Route.Upstream.Url));
            }
        }

        return request;
    }

    private async Task AnswerAsync(HttpResponseMessage response, SilenceTimer silence)
    {
        var status = (int)response.StatusCode;
        var media = response.Content.Headers.ContentType?.MediaType ?? "";
        if (status is >= 300 and < 400 || (status == 401 && !endpoint.Route.Upstream.ForwardsAuthorization))
        {
            await FailAsync($"HTTP {status}", new Failure(
                status == 401 ? "server_refused_credential" : "server_redirects",
                status == 401 ? "the server does not take the gateway's credential" : "the server answers with a redirect, which is not followed", 502, ErrorReply.PeerEnded)
            {
                Status = ActionStatus.ProtocolError,
            }).ConfigureAwait(false);
            return;
        }

        if (!Registered(response))
        {
            await FailAsync("session id", new Failure("session_id_in_use", "the server gave an id to a new session that another one has", 502, ErrorReply.PeerEnded)).ConfigureAwait(false);
            return;
        }

        // MCP 2025-11-25, Streamable HTTP §Session Management: that is how a server says that a session is over.
        session.IsGone |= status == 404 && metadata.SessionId is not null;

        if (!caller.IsEventStream)
        {
            HeaderRules.CopyResponse(response, context.Response, endpoint.Route.Upstream.ForwardsAuthorization);
            context.Response.StatusCode = status;
        }

        if (status is >= 200 and < 300 && media.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase))
        {
            await StreamAsync(response, silence).ConfigureAwait(false);
        }
        else
        {
            await WholeAsync(response, status, media, silence).ConfigureAwait(false);
        }
    }

    /// <summary>Gives a new session the id that the server chose.</summary>
    private bool Registered(HttpResponseMessage response)
    {
        if (!isNew || session.IsRegistered || !response.IsSuccessStatusCode)
        {
            return true;
        }

        var id = response.Headers.NonValidated.TryGetValues("Mcp-Session-Id", out var ids) ? ids.ToString() : null;
        session.IsRegistered = endpoint.Sessions.Register(session, id);
        if (session.IsRegistered && id is not null)
        {
            session.OpenTrail();
        }

        return session.IsRegistered || id is null;
    }

    private async Task StreamAsync(HttpResponseMessage response, SilenceTimer silence)
    {
        if (!caller.IsEventStream)
        {
            await caller.BeginEventsAsync(silence.Token).ConfigureAwait(false);
        }

        var stream = await response.Content.ReadAsStreamAsync(silence.Token).ConfigureAwait(false);
        var events = new ServerEvents(endpoint, session, exchange.Table, caller);
        try
        {
            await events.PassAsync(stream, silence.Token, () =>
            {
                // Nobody waits for a subscription's end; silence is what it is for.
                if (exchange.Requests.All(r => r.Method == "subscriptions/listen" || !exchange.Table.Holds(r)))
                {
                    silence.Stop();
                }
                else
                {
                    silence.Heard();
                }
            }).ConfigureAwait(false);
            await StreamEndedAsync(events.IsResumable, new Failure("stream_ended", "the server ended its stream before it answered; it may have acted", 502, ErrorReply.PeerEnded)).ConfigureAwait(false);
        }
        catch (Exception e) when ((e is IOException or HttpRequestException) && !context.RequestAborted.IsCancellationRequested)
        {
            await StreamEndedAsync(events.IsResumable, new Failure("stream_broken", "the stream from the server broke before it answered; it may have acted", 502, ErrorReply.PeerEnded)).ConfigureAwait(false);
        }
        catch (Exception e) when ((e is IOException or OperationCanceledException) && events.IsResumable && session.Key.IsSession && !silence.IsOver && !session.Ending.IsCancellationRequested && !endpoint.Stopped.IsCancellationRequested)
        {
            // The caller's connection broke. That is no cancellation (MCP 2025-11-25, Streamable HTTP §Sending): it may resume.
            session.AwaitResumption(exchange);
        }
    }

    /// <summary>A stream that can be resumed may end before its answer: the caller comes again for the rest.</summary>
    private async Task StreamEndedAsync(bool isResumable, Failure failure)
    {
        if (isResumable && session.Key.IsSession)
        {
            session.AwaitResumption(exchange);
        }
        else if (session.Unanswered(exchange).Count > 0)
        {
            await FailAsync(failure.Code, failure).ConfigureAwait(false);
        }
    }

    private async Task WholeAsync(HttpResponseMessage response, int status, string media, SilenceTimer silence)
    {
        HeldBody body;
        try
        {
            body = await HeldBody.ReadAsync(
                await response.Content.ReadAsStreamAsync(silence.Token).ConfigureAwait(false), response.Content.Headers.ContentLength,
                endpoint.Configuration.Limits.MessageBytes, endpoint.FromServers, silence.Heard, silence.Token).ConfigureAwait(false);
        }
        catch (BodyTooLongException e)
        {
            session.Declare("message_too_large", "server", e.Message);
            await FailAsync(e.Message, new Failure("answer_too_large", $"the server's answer was not passed on: {e.Message}; it has acted", 502, ErrorReply.PeerEnded)).ConfigureAwait(false);
            return;
        }

        using (body)
        {
            var isJson = media.Equals("application/json", StringComparison.OrdinalIgnoreCase) || media.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
            var taken = isJson && !body.Bytes.IsEmpty ? session.TakeFromServer(body.Bytes, exchange.Table) : null;
            var withheld = taken is null ? null : await UnavailableAsync(taken.Evidence).ConfigureAwait(false);
            if (withheld is not null)
            {
                await caller.SendAsync(200, Refusals.Withheld(taken!.Withheld, withheld, exchange.Scanned.IsBatch), silence.Token).ConfigureAwait(false);
                return;
            }

            var unanswered = session.Unanswered(exchange);
            if (unanswered.Count > 0 && status is >= 200 and < 300)
            {
                await FailAsync($"HTTP {status} {media}", new Failure(
                    "answer_not_understood", "the server's answer is no answer to the request; it may have acted", 502, ErrorReply.PeerEnded)).ConfigureAwait(false);
                return;
            }

            session.Finish(exchange, unanswered, new ActionOutcome(ActionStatus.ProtocolError, $"http_{status}", $"the server answered with HTTP {status}"));
            if (caller.IsEventStream && unanswered.Count > 0)
            {
                await caller.SendAsync(status, RefusalReplies.Errors(unanswered, ErrorReply.PeerEnded, $"the server answered with HTTP {status}", $"http_{status}", exchange.Scanned.IsBatch), silence.Token).ConfigureAwait(false);
            }
            else if (caller.IsEventStream)
            {
                await caller.SendAsync(status, body.Bytes, silence.Token).ConfigureAwait(false);
            }
            else if (!body.Bytes.IsEmpty)
            {
                context.Response.ContentLength = body.Bytes.Length;
                await context.Response.Body.WriteAsync(body.Bytes, silence.Token).ConfigureAwait(false);
            }
        }
    }

    private static async Task<string?> UnavailableAsync(IReadOnlyList<Task<string?>> evidence)
    {
        string? reason = null;
        foreach (var one in evidence)
        {
            reason = await one.ConfigureAwait(false) ?? reason;
        }

        return reason;
    }

    /// <summary>The answer is not waited for any more: by the caller, by the gateway's own patience, or because the gateway ends.</summary>
    private async Task EndedAsync(bool isSilence)
    {
        if (isSilence)
        {
            await FailAsync("silence", new Failure(
                "server_silent", $"the server said nothing for {endpoint.Configuration.Timeouts.Silence.TotalSeconds:0.###} s; it may have acted", 504, ErrorReply.PeerEnded)).ConfigureAwait(false);
        }
        else if (endpoint.Stopped.IsCancellationRequested)
        {
            await FailAsync("stopped", new Failure("gateway_stopped", "the gateway was told to end before the server answered; it may have acted", 503, ErrorReply.PeerEnded)).ConfigureAwait(false);
        }
        else if (session.Ending.IsCancellationRequested)
        {
            await FailAsync("session ended", new Failure("session_ended", "the session was ended before the server answered; it may have acted", 404, RefusalReplies.UnknownSession)).ConfigureAwait(false);
        }
        else
        {
            // From 2026-07-28 on, closing the connection is how a caller cancels; before, it is an accident.
            session.Finish(exchange, session.Unanswered(exchange), metadata.IsSessionless
                ? new ActionOutcome(ActionStatus.Cancelled, "caller_closed", "the caller closed the connection before the answer; the server may have acted")
                : new ActionOutcome(ActionStatus.Lost, "caller_gone", "the caller's connection ended before the answer; the server may have acted"));
        }
    }

    private async Task FailAsync(string cause, Failure failure)
    {
        var unanswered = session.Unanswered(exchange);
        session.Finish(exchange, unanswered, new ActionOutcome(failure.Status, failure.Code, failure.Message));
        await endpoint.Log.WriteLineAsync($"cairn: {endpoint.Route.Path}: {failure.Message} ({cause})").ConfigureAwait(false);
        if (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        try
        {
            if (unanswered.Count > 0)
            {
                await caller.SendAsync(failure.HttpStatus, RefusalReplies.Errors(unanswered, failure.RpcCode, failure.Message, failure.Code, exchange.Scanned.IsBatch), context.RequestAborted).ConfigureAwait(false);
            }
            else if (!context.Response.HasStarted)
            {
                await Problem.WriteAsync(context, failure.HttpStatus == 200 ? 502 : failure.HttpStatus, failure.Code, failure.Message).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The caller is gone as well: what happened is recorded above.
            await endpoint.Log.WriteLineAsync($"cairn: {endpoint.Route.Path}: the caller was gone before it could be told").ConfigureAwait(false);
        }
    }

    /// <summary>Why there is no answer.</summary>
    private sealed record Failure(string Code, string Message, int HttpStatus, int RpcCode)
    {
        public string Status { get; init; } = ActionStatus.Lost;
    }
}
