using Cairn.Evidence;
using Cairn.Evidence.Submissions;
using Cairn.Gateway;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Forwarding;
using Cairn.Gateway.Messages;
using Cairn.HttpGateway.Callers;
using Microsoft.Extensions.Primitives;

namespace Cairn.HttpGateway.Sessions;

/// <summary>
/// What one agent and one server say to each other: an HTTP session up to MCP 2025-11-25; where there is none, all that
/// an agent asks of a route until it falls silent. It is a task of its own, apart from requests that name a trace.
/// Every entry takes the lock; nothing waits for evidence or for a peer while holding it.
/// </summary>
internal sealed class McpSession : IDisposable
{
    private static readonly TimeSpan QuietPatience = TimeSpan.FromSeconds(15);

    [ThreadStatic]
    private static MessageScanner? _scanner;

    private readonly GatewayOptions _options;
    private readonly SessionParts _parts;
    private readonly TimeSpan _resume;
    private readonly Lock _gate = new();
    private readonly RequestTable[] _requests = [new(), new()];
    private readonly List<(PendingRequest Request, long Since)> _broken = [];
    private readonly Dictionary<OpenAction, CancellationTokenSource> _held = [];
    private readonly CancellationTokenSource _ending = new();
    private int _uses;
    private long _lastUsed;
    private bool _isEnded;

    public McpSession(SessionKey key, GatewayOptions options, SessionParts parts, TimeSpan resume)
    {
        (Key, _options, _parts, _resume) = (key, options, parts, resume);
        _lastUsed = options.Time.GetTimestamp();
    }

    /// <summary>Whose session it is and under which id it is known.</summary>
    public SessionKey Key { get; set; }

    /// <summary>It is in the table, so that its id or its agent finds it.</summary>
    public bool IsRegistered { get; set; }

    /// <summary>The server says that it knows the session no more.</summary>
    public bool IsGone { get; set; }

    /// <summary>The revision spoken; null before either side said.</summary>
    public string? Protocol
    {
        get
        {
            lock (_gate)
            {
                return _parts.Peers.Protocol;
            }
        }
    }

    /// <summary>How long nobody used it; zero while somebody does.</summary>
    public TimeSpan Idle => Volatile.Read(ref _uses) > 0 ? TimeSpan.Zero : _options.Time.GetElapsedTime(Interlocked.Read(ref _lastUsed));

    /// <summary>Cancelled when the session is about to end: its streams end, and its calls.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>The messages of a body.</summary>
    public static ScannedLine Scan(ReadOnlySpan<byte> body) => (_scanner ??= new MessageScanner(isLine: false)).Scan(body);

    /// <summary>Opens the session's own trail before any action asks for it: a session is a task even when nothing is done in it.</summary>
    /// <exception cref="TrailKeyException">The trail has no key.</exception>
    public void OpenTrail()
    {
        lock (_gate)
        {
            _ = _parts.Trails.Main;
        }
    }

    /// <summary>Takes note of what a request authenticates itself by: whoever says it again, it is kept nowhere.</summary>
    public void Know(StringValues authorization)
    {
        foreach (var header in authorization)
        {
            _parts.Secrets.Add(header?[(header.IndexOf(' ', StringComparison.Ordinal) + 1)..].Trim());
        }
    }

    /// <summary>Keeps the session from counting as idle.</summary>
    public void Use() => Interlocked.Increment(ref _uses);

    public void Unuse()
    {
        Interlocked.Exchange(ref _lastUsed, _options.Time.GetTimestamp());
        Interlocked.Decrement(ref _uses);
    }

    /// <summary>Declares what was refused or passed unread.</summary>
    public void Declare(string reason, string subject, string detail)
    {
        lock (_gate)
        {
            if (!_isEnded)
            {
                _parts.Gaps.Declare(reason, subject, detail);
            }
        }
    }

    /// <summary>Takes what a client sent: its requests become open actions, its answers and cancellations find theirs.</summary>
    /// <param name="scanned">The messages.</param>
    /// <param name="body">Their bytes.</param>
    /// <param name="header">The trace context of the HTTP request, for messages that name none themselves.</param>
    /// <param name="caller">Who sent them.</param>
    /// <returns>Null when the session has ended.</returns>
    public Exchange? Take(ScannedLine scanned, ReadOnlyMemory<byte> body, TraceParent? header, Caller caller)
    {
        lock (_gate)
        {
            if (_isEnded)
            {
                return null;
            }

            var table = Key.IsSession ? _requests[(int)Direction.ClientToServer] : new RequestTable();
            var incoming = scanned.Messages.Count(m => m.Kind == MessageKind.Request);
            if (table.Count + incoming > _options.MaxUnanswered)
            {
                _parts.Gaps.Declare("too_many_requests", "client", $"{_options.MaxUnanswered} requests are unanswered; a further one was not passed on");
                return new Exchange(scanned, body, [], table) { Obstacle = $"{table.Count} requests are unanswered" };
            }

            var requests = new List<PendingRequest>(incoming);
            var evidence = new List<Task<string?>>();
            foreach (var message in scanned.Messages)
            {
                switch (message.Kind)
                {
                    case MessageKind.Request when message is { Id: not null, Method: not null }:
                        requests.Add(Open(message, body, header, caller, evidence));
                        table.Add(requests[^1]);
                        break;
                    case MessageKind.Notification when message.Method is not null:
                        _parts.Answers.TakeNotification(Direction.ClientToServer, message, body, table);
                        CancelHeld();
                        break;
                    case MessageKind.Response:
                        _parts.Answers.TakeAnswer(Direction.ClientToServer, message, body, _requests[(int)Direction.ServerToClient], evidence);
                        break;
                }
            }

            return new Exchange(scanned, body, requests, table) { Evidence = evidence };
        }
    }

    /// <summary>Takes a message that the server sent.</summary>
    /// <param name="body">Its bytes.</param>
    /// <param name="table">Where the requests are that it may answer; null: the session's.</param>
    public FromServer TakeFromServer(ReadOnlyMemory<byte> body, RequestTable? table)
    {
        var scanned = Scan(body.Span);
        lock (_gate)
        {
            if (scanned.Violation is { } violation)
            {
                _parts.Gaps.Declare(violation.Reason, "server", $"{violation.Text} (byte {violation.Offset} of {body.Length})");
            }

            var (evidence, withheld, asked, answered) = (new List<Task<string?>>(), new List<MessageId>(), new List<PendingRequest>(), 0);
            var client = table ?? _requests[(int)Direction.ClientToServer];
            foreach (var message in scanned.Messages)
            {
                switch (message.Kind)
                {
                    case MessageKind.Request when message is { Id: not null, Method: not null }:
                        asked.Add(OpenFromServer(message, body, evidence));
                        break;
                    case MessageKind.Notification when message.Method is not null:
                        _parts.Answers.TakeNotification(Direction.ServerToClient, message, body, _requests[(int)Direction.ServerToClient]);
                        break;
                    case MessageKind.Response:
                        var (before, open) = (evidence.Count, client.Count);
                        _parts.Answers.TakeAnswer(Direction.ServerToClient, message, body, client, evidence);
                        answered += open - client.Count;
                        if (evidence.Count > before && message.Id is { } id)
                        {
                            withheld.Add(id);
                        }

                        break;
                }
            }

            return new FromServer(evidence, withheld, asked, answered, scanned.Violation is null && scanned.Messages.Count > 0);
        }
    }

    /// <summary>Takes back requests of the server whose evidence could not be recorded: they do not reach the client.</summary>
    public void Refuse(IEnumerable<PendingRequest> asked)
    {
        lock (_gate)
        {
            foreach (var request in asked)
            {
                _requests[(int)Direction.ServerToClient].Remove(request);
                Complete(request, new ActionOutcome(ActionStatus.Refused, "evidence_unavailable", "evidence could not be recorded; the request was not passed on"));
            }
        }
    }

    /// <summary>Ends requests of an exchange that will not be answered any more.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="requests">Which of its requests.</param>
    /// <param name="outcome">How their actions came out; null: that is recorded already.</param>
    public void Finish(Exchange exchange, IEnumerable<PendingRequest> requests, ActionOutcome? outcome)
    {
        lock (_gate)
        {
            foreach (var request in requests)
            {
                exchange.Table.Remove(request);
                if (outcome is not null)
                {
                    Complete(request, outcome);
                }
                else if (request.Action is { } action)
                {
                    ActionRecorder.Close(action);
                }
            }
        }
    }

    /// <summary>The requests of an exchange that are not answered.</summary>
    public IReadOnlyList<PendingRequest> Unanswered(Exchange exchange)
    {
        lock (_gate)
        {
            return [.. exchange.Requests.Where(exchange.Table.Holds)];
        }
    }

    /// <summary>Leaves the unanswered requests of an exchange for a while: their answers may come when the stream is resumed.</summary>
    public void AwaitResumption(Exchange exchange)
    {
        lock (_gate)
        {
            var now = _options.Time.GetTimestamp();
            _broken.AddRange(exchange.Requests.Where(exchange.Table.Holds).Select(r => (r, now)));
        }
    }

    /// <summary>Completes what was cancelled or broken off too long ago, and declares what was counted.</summary>
    public void Sweep()
    {
        lock (_gate)
        {
            if (_isEnded)
            {
                return;
            }

            _parts.Answers.CompleteCancelled(_requests);
            for (var i = _broken.Count - 1; i >= 0; i--)
            {
                var (request, since) = _broken[i];
                if (!_requests[(int)Direction.ClientToServer].Holds(request))
                {
                    _broken.RemoveAt(i);
                }
                else if (_options.Time.GetElapsedTime(since) >= _resume)
                {
                    _broken.RemoveAt(i);
                    _requests[(int)Direction.ClientToServer].Remove(request);
                    Complete(request, new ActionOutcome(ActionStatus.Lost, "stream_broken", "the stream of the answer broke and was not resumed; the server may have acted"));
                }
            }

            _parts.Gaps.Flush();
        }
    }

    /// <summary>Ends the session's tasks; what is open is completed as lost.</summary>
    /// <param name="status">done, failed, cancelled or lost.</param>
    /// <param name="reason">Why.</param>
    /// <param name="counts">Asked how many records others wrote into a trail that this session is the root of.</param>
    public async Task EndAsync(string status, string? reason, Func<TraceId, Task<IReadOnlyList<EmitterCount>>> counts)
    {
        await _ending.CancelAsync().ConfigureAwait(false);

        // Exchanges record how they came out before the end that counts their records.
        var asked = _options.Time.GetTimestamp();
        while (Volatile.Read(ref _uses) > 0 && _options.Time.GetElapsedTime(asked) < QuietPatience)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), _options.Time).ConfigureAwait(false);
        }

        TrailPart? root;
        lock (_gate)
        {
            if (_isEnded)
            {
                return;
            }

            _isEnded = true;
            foreach (var request in _requests.SelectMany(t => t.Drain()))
            {
                Complete(request, request.Action?.CancelRequested is not null
                    ? new ActionOutcome(ActionStatus.Cancelled, "cancelled", "the caller cancelled the request; it was not answered")
                    : new ActionOutcome(ActionStatus.Lost, "session_ended", "not answered before the session ended; the server may have acted"));
            }

            _parts.Rounds.End();
            _parts.Gaps.Flush();
            _parts.Trails.EndOthers(status, reason);
            root = _parts.Trails.OpenMain is { IsRoot: true } main ? main : null;
        }

        var others = root is null ? [] : await counts(root.Trace).ConfigureAwait(false);
        lock (_gate)
        {
            _parts.Trails.EndMain(status, reason, others);
        }
    }

    /// <summary>Notes actions that have not passed yet: their cancellation is the gateway's own business.</summary>
    public void Hold(IEnumerable<OpenAction> actions, CancellationTokenSource cancel)
    {
        lock (_gate)
        {
            foreach (var action in actions)
            {
                _held[action] = cancel;
            }
        }
    }

    /// <summary>They pass now, or never will.</summary>
    public void Release(IEnumerable<OpenAction> actions)
    {
        lock (_gate)
        {
            foreach (var action in actions)
            {
                _held.Remove(action);
            }
        }
    }

    public void Dispose() => _ending.Dispose();

    /// <summary>The sources are cancelled at once; what follows from that runs elsewhere, because it asks for this session's lock.</summary>
    private void CancelHeld()
    {
        foreach (var (action, cancel) in _held)
        {
            if (action.CancelRequested is not null)
            {
                _ = cancel.CancelAsync();
            }
        }
    }

    private void Complete(PendingRequest request, ActionOutcome outcome)
    {
        if (request.Action is { IsCompleted: false } action)
        {
            _parts.Actions.Complete(action, outcome, default);
        }
    }

    private PendingRequest Open(McpMessage request, ReadOnlyMemory<byte> body, TraceParent? header, Caller caller, List<Task<string?>> evidence)
    {
        _parts.Peers.ObserveRequest(request, body);
        var subject = request.Method switch
        {
            McpMethods.ToolsList => request.Text("params.cursor", body.Span),
            McpMethods.TasksGet or McpMethods.TasksResult => request.Text("params.taskId", body.Span),
            _ => null,
        };
        if (McpMethods.ActionOf(request.Method!, Direction.ClientToServer) is not { } method)
        {
            return new PendingRequest(request.Id!.Value, request.Method!, null, subject);
        }

        TraceParent? named = TraceParent.TryParse(request.Text("params._meta.traceparent", body.Span), out var inMessage) ? inMessage : header;
        TrailPart part;
        try
        {
            part = _parts.Trails.For(named);
        }
        catch (TrailKeyException e)
        {
            _parts.Gaps.Declare("trail_key_unavailable", "client", "a request named a trail that has no key; it was not passed on");
            evidence.Add(Task.FromResult<string?>(e.Message));
            return new PendingRequest(request.Id!.Value, request.Method!, null, subject);
        }

        var start = _parts.Describer.Describe(method, Direction.ClientToServer, request, body, part, named) with
        {
            Continues = _parts.Rounds.Continue(request, body),

            // In a header, or in its metadata, as the route says: a request without a place there is refused when its body is made.
            TakesCredential = true,
        };
        return new PendingRequest(request.Id!.Value, request.Method!, _parts.Actions.Open(start, asking: caller), subject);
    }

    private PendingRequest OpenFromServer(McpMessage request, ReadOnlyMemory<byte> body, List<Task<string?>> evidence)
    {
        OpenAction? action = null;
        if (McpMethods.ActionOf(request.Method!, Direction.ServerToClient) is { } method)
        {
            TraceParent? named = TraceParent.TryParse(request.Text("params._meta.traceparent", body.Span), out var inMessage) ? inMessage : null;
            var part = _parts.Trails.For(named);
            (action, var durable) = _parts.Actions.Begin(_parts.Describer.Describe(method, Direction.ServerToClient, request, body, part, named));
            if (durable is not null)
            {
                evidence.Add(durable);
            }
        }

        var pending = new PendingRequest(request.Id!.Value, request.Method!, action, null);
        _requests[(int)Direction.ServerToClient].Add(pending);
        return pending;
    }
}
