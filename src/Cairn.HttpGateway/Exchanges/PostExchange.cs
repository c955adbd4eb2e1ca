using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Messages;
using Cairn.HttpGateway.Callers;
using Cairn.HttpGateway.Configuration;
using Cairn.HttpGateway.Replies;
using Cairn.HttpGateway.Sessions;
using Microsoft.AspNetCore.Http;

namespace Cairn.HttpGateway.Exchanges;

/// <summary>
/// One POST: read whole, understood, its actions decided and recorded, passed on, answered. Order of effects: authentic
/// caller → messages that mean one thing → decision, credential, durable request → the server sees it → outcome queued →
/// the caller sees the answer.
/// </summary>
internal sealed class PostExchange(RouteEndpoint endpoint, HttpContext context, AuthenticatedCaller caller)
{
    private readonly CallerStream _caller = new(context);

    public async Task RunAsync()
    {
        HeldBody body;
        try
        {
            body = await HeldBody.ReadAsync(
                context.Request.Body, context.Request.ContentLength, endpoint.Configuration.Limits.MessageBytes, endpoint.FromCallers, null, context.RequestAborted).ConfigureAwait(false);
        }
        catch (BodyTooLongException e)
        {
            await RefuseUnreadAsync(MessageViolation.TooLong(endpoint.Configuration.Limits.MessageBytes), e.Message).ConfigureAwait(false);
            return;
        }

        using (body)
        {
            var scanned = McpSession.Scan(body.Bytes.Span);
            var metadata = RequestMetadata.Of(context.Request, scanned, body.Bytes.Span);
            if (FindSession(scanned, metadata, out var isNew) is not { } session)
            {
                await _caller.SendAsync(404, ErrorReply.Line(FirstId(scanned), RefusalReplies.UnknownSession, "the session is not known here; begin a new one", "unknown_session"), context.RequestAborted).ConfigureAwait(false);
                return;
            }

            session.Know(context.Request.Headers.Authorization);
            try
            {
                await PassAsync(session, isNew, scanned, metadata, body).ConfigureAwait(false);
            }
            finally
            {
                session.Unuse();
                if (session.IsGone || (isNew && !session.IsRegistered))
                {
                    await endpoint.Sessions.EndAsync(session, "done", session.IsGone ? "the server ended the session" : "the server keeps no session").ConfigureAwait(false);
                }
            }
        }
    }

    private async Task PassAsync(McpSession session, bool isNew, ScannedLine scanned, RequestMetadata metadata, HeldBody body)
    {
        var violation = scanned.Violation ?? McpMethods.Unanswerable(Cairn.Gateway.Forwarding.Direction.ClientToServer, scanned)
            ?? (scanned.Messages.Count == 0 ? MessageViolation.Shape("the body holds no message", 0) : null);
        if (violation is not null)
        {
            session.Declare(violation.Reason, "client", $"{violation.Text} (byte {violation.Offset} of {body.Bytes.Length})");
            await _caller.SendAsync(400, Refusals.NotUnderstood(scanned, violation), context.RequestAborted).ConfigureAwait(false);
            return;
        }

        if (metadata.Mismatch is { } mismatch)
        {
            session.Declare("header_mismatch", "client", "the headers of a request and its body disagree; it was not passed on");
            await _caller.SendAsync(400, ErrorReply.Line(FirstId(scanned), RefusalReplies.HeaderMismatch, $"Header mismatch: {mismatch}; the message was not passed on", "header_mismatch"), context.RequestAborted).ConfigureAwait(false);
            return;
        }

        if (session.Take(scanned, body.Bytes, metadata.Context, caller.Caller) is not { } exchange)
        {
            await _caller.SendAsync(404, ErrorReply.Line(FirstId(scanned), RefusalReplies.UnknownSession, "the session has ended; begin a new one", "unknown_session"), context.RequestAborted).ConfigureAwait(false);
            return;
        }

        if (exchange.Obstacle is { } obstacle)
        {
            var ids = scanned.Messages.Where(m => m.Kind == MessageKind.Request).Select(m => (m.Id, ErrorReply.TooManyRequests, $"{obstacle}; this one was not passed on", "too_many_requests"));
            await _caller.SendAsync(503, ErrorReply.Lines([.. ids], scanned.IsBatch), context.RequestAborted).ConfigureAwait(false);
            return;
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, session.Ending, endpoint.Stopped);
        if (await AdmitAsync(session, exchange, metadata, ending.Token).ConfigureAwait(false) is { } permits)
        {
            var answer = new ServerAnswer(endpoint, session, exchange, _caller, context, metadata, isNew);
            await answer.PassAsync(permits, ending.Token).ConfigureAwait(false);
        }
    }

    /// <summary>Decides and records.</summary>
    /// <returns>The permits; null when the exchange is refused and answered.</returns>
    private async Task<IReadOnlyDictionary<PendingRequest, ActionPermit>?> AdmitAsync(McpSession session, Exchange exchange, RequestMetadata metadata, CancellationToken ending)
    {
        foreach (var evidence in exchange.Evidence)
        {
            if (await evidence.ConfigureAwait(false) is { } reason)
            {
                session.Finish(exchange, exchange.Requests, new ActionOutcome(ActionStatus.Refused, "evidence_unavailable", "evidence could not be recorded; the request was not passed on"));
                await _caller.SendAsync(200, Refusals.WithoutEvidence(exchange.Requests, reason, exchange.Scanned.IsBatch), context.RequestAborted).ConfigureAwait(false);
                return null;
            }
        }

        if (!exchange.Actions.Any())
        {
            return new Dictionary<PendingRequest, ActionPermit>();
        }

        IReadOnlyDictionary<PendingRequest, ActionPermit> permits;
        try
        {
            permits = await new AuthorityStep(endpoint, session, exchange, _caller).DecideAsync(ending).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            session.Finish(exchange, exchange.Requests, null);
            if (!context.RequestAborted.IsCancellationRequested)
            {
                await _caller.SendAsync(200, RefusalReplies.Errors(exchange.Requests, RefusalReplies.Cancelled, "cancelled before it was passed on", "cancelled", exchange.Scanned.IsBatch), context.RequestAborted).ConfigureAwait(false);
            }

            return null;
        }

        if (permits.Values.All(p => p.Refusal is null))
        {
            return permits;
        }

        await RefuseAsync(session, exchange, permits, metadata).ConfigureAwait(false);
        return null;
    }

    /// <summary>Answers a refused exchange. A batch is refused whole: part of what was meant as one is not what was meant.</summary>
    private async Task RefuseAsync(McpSession session, Exchange exchange, IReadOnlyDictionary<PendingRequest, ActionPermit> permits, RequestMetadata metadata)
    {
        var answers = new List<byte[]>();
        foreach (var request in exchange.Requests)
        {
            var refusal = permits.TryGetValue(request, out var permit) ? permit.Refusal : null;
            answers.Add(refusal is null
                ? ErrorReply.Line(request.Id, ErrorReply.PolicyDenied, "another call of the same batch was refused; nothing of it was passed on", "batch_refused")
                : RefusalReplies.Refused(request, permit!, metadata.IsSessionless ? RequestMetadata.Sessionless : session.Protocol));
            session.Finish(exchange, [request], refusal is null
                ? new ActionOutcome(ActionStatus.Refused, "batch_refused", "another call of the same batch was refused; nothing of it was passed on")
                : null);
        }

        var reply = exchange.Scanned.IsBatch ? [.. "["u8, .. answers.SelectMany((a, i) => i == 0 ? a : [(byte)',', .. a]), .. "]"u8] : answers[0];
        await _caller.SendAsync(200, reply, context.RequestAborted).ConfigureAwait(false);
    }

    private async Task RefuseUnreadAsync(MessageViolation violation, string text)
    {
        var session = endpoint.Sessions.Standing(endpoint.Route, caller);
        try
        {
            session.Declare(violation.Reason, "client", violation.Text);
            await _caller.SendAsync(413, ErrorReply.Line(null, violation.Code, $"{text}; it was not passed on", violation.Reason), context.RequestAborted).ConfigureAwait(false);
        }
        finally
        {
            session.Unuse();
        }
    }

    /// <summary>The session that the messages belong to, in use; null when the one named is none of this caller's.</summary>
    private McpSession? FindSession(ScannedLine scanned, RequestMetadata metadata, out bool isNew)
    {
        isNew = false;
        if (metadata.SessionId is { } id)
        {
            return endpoint.Sessions.Find(endpoint.Route, caller, id);
        }

        if (!metadata.IsSessionless && scanned.Violation is null && scanned.Messages.FirstOrDefault(m => m is { Kind: MessageKind.Request, Method: McpMethods.Initialize }) is { } initialize)
        {
            isNew = true;
            return endpoint.Sessions.Begin(endpoint.Route, caller, initialize.Has("params._meta.traceparent") ? null : metadata.Context);
        }

        return endpoint.Sessions.Standing(endpoint.Route, caller);
    }

    private static MessageId? FirstId(ScannedLine scanned) => scanned.Messages.FirstOrDefault(m => m.Kind == MessageKind.Request)?.Id;
}
