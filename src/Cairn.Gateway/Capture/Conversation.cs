using Cairn.Evidence;
using Cairn.Gateway.Forwarding;
using Cairn.Gateway.Framing;
using Cairn.Gateway.Messages;

namespace Cairn.Gateway.Capture;

/// <summary>
/// What client and server say to each other, understood far enough to record it. Each line that is read becomes a
/// <see cref="Passage"/>; evidence for it is under way when this returns, in the order of the lines. Both directions
/// share the state, so every entry takes the lock; nothing waits for evidence or for a peer while holding it.
/// </summary>
internal sealed class Conversation
{
    private readonly GatewayOptions _options;
    private readonly TrailParts _trails;
    private readonly ActionRecorder _actions;
    private readonly ActionDescriber _describer;
    private readonly InputRounds _rounds;
    private readonly PeerContext _peers;
    private readonly GapCounter _gaps;
    private readonly AnswerBook _answers;
    private readonly Lock _gate = new();
    private readonly MessageScanner[] _scanners = [new(), new()];
    private readonly RequestTable[] _requests = [new(), new()];
    private readonly bool[] _inFragments = new bool[2];

    public Conversation(GatewayOptions options, TrailParts trails, ActionRecorder actions, PeerContext peers, GapCounter gaps)
    {
        (_options, _trails, _actions, _peers, _gaps) = (options, trails, actions, peers, gaps);
        _describer = new ActionDescriber(peers);
        _rounds = new InputRounds(actions, _describer);
        _answers = new AnswerBook(options, actions, _rounds, peers, gaps, trails);
    }

    /// <summary>Requests of the client that the server has not answered.</summary>
    public int Unanswered
    {
        get
        {
            lock (_gate)
            {
                return _requests[(int)Direction.ClientToServer].Count;
            }
        }
    }

    /// <summary>Understands a line and starts its evidence.</summary>
    public Passage Take(Direction direction, Line line)
    {
        if (line.Kind != LineKind.Whole)
        {
            lock (_gate)
            {
                return TakeFragment(direction, line);
            }
        }

        if (line.Message.Span.IndexOfAnyExcept(" \t\r"u8) < 0)
        {
            return new Passage(line, line.Bytes);
        }

        // Each direction has one reader, so its scanner needs no lock: long lines of one side don't hold up the other.
        var scanned = _scanners[(int)direction].Scan(line.Message.Span);
        lock (_gate)
        {
            var violation = scanned.Violation ?? McpMethods.Unanswerable(direction, scanned);
            if (violation is not null)
            {
                _gaps.Declare(violation.Reason, direction.Sender(), $"{violation.Text} (byte {violation.Offset} of {line.Length})");
                if (direction == Direction.ClientToServer)
                {
                    return new Passage(line, default) { Reply = Refusals.NotUnderstood(scanned, violation) };
                }
            }

            return Understood(direction, line, scanned);
        }
    }

    /// <summary>Gives up a passage whose evidence could not be made durable.</summary>
    /// <returns>
    /// The answers to its sender for its requests, and to its receiver in place of the answers in it that ask for input;
    /// empty when there are none.
    /// </returns>
    public (byte[] ToSender, byte[] ToReceiver) Refuse(Direction direction, Passage passage, string reason)
    {
        lock (_gate)
        {
            foreach (var request in passage.Requests)
            {
                _requests[(int)direction].Remove(request);
                if (request.Action is { } action)
                {
                    _actions.Complete(
                        action, new ActionOutcome(ActionStatus.Refused, "evidence_unavailable", "evidence could not be recorded; the request was not passed on"), default);
                }
            }

            return (
                Refusals.WithoutEvidence(passage.Requests, reason, passage.IsBatch), Refusals.Withheld(passage.Withheld, reason, passage.IsBatch));
        }
    }

    /// <summary>Completes actions that were cancelled and stayed unanswered, and declares what was counted. Called now and then.</summary>
    public void Sweep()
    {
        lock (_gate)
        {
            _answers.CompleteCancelled(_requests);
            _gaps.Flush();
        }
    }

    /// <summary>Completes what is still open when the server is gone.</summary>
    /// <param name="ending">How the server ended, for messages and evidence.</param>
    /// <returns>The answers to the client's unanswered requests; empty when there are none. And whether there were any.</returns>
    public byte[] End(string ending)
    {
        lock (_gate)
        {
            var unanswered = _requests.SelectMany(t => t.Drain().Select(r => (Table: t, Request: r))).ToList();
            foreach (var (_, request) in unanswered)
            {
                if (request.Action is { } action)
                {
                    _actions.Complete(
                        action,
                        action.CancelRequested is not null
                            ? new ActionOutcome(ActionStatus.Cancelled, "cancelled", "the caller cancelled the request; it was not answered")
                            : new ActionOutcome(ActionStatus.Lost, "server_ended", $"not answered before the server ended ({ending})"),
                        default);
                }
            }

            _rounds.End();
            _gaps.Flush();
            var fromClient = unanswered.Where(u => ReferenceEquals(u.Table, _requests[(int)Direction.ClientToServer])).Select(u => u.Request).ToList();
            return Refusals.ServerEnded(fromClient, ending);
        }
    }

    private Passage TakeFragment(Direction direction, Line line)
    {
        var isFirst = !_inFragments[(int)direction];
        _inFragments[(int)direction] = line.Kind == LineKind.Fragment;
        byte[]? reply = null;
        if (isFirst)
        {
            var violation = MessageViolation.TooLong(_options.MaxMessageBytes);
            _gaps.Declare(violation.Reason, direction.Sender(), violation.Text);
            reply = direction == Direction.ClientToServer ? ErrorReply.Line(null, violation.Code, $"{violation.Text}; it was not passed on", violation.Reason) : null;
        }

        // From the client it could hold an action that nobody would have evidence of; from the server the deeds are done.
        return new Passage(line, direction == Direction.ClientToServer ? default : line.Bytes) { Reply = reply };
    }

    private Passage Understood(Direction direction, Line line, ScannedLine scanned)
    {
        var table = _requests[(int)direction];
        var incoming = scanned.Messages.Count(m => m.Kind == MessageKind.Request);
        if (incoming > 0 && table.Count + incoming > _options.MaxUnanswered)
        {
            _gaps.Declare("too_many_requests", direction.Sender(), $"{_options.MaxUnanswered} requests are unanswered; a further one was not passed on");
            return new Passage(line, default) { Reply = Refusals.TooMany(scanned, table.Count) };
        }

        var bytes = line.Message;
        var evidence = new List<Task<string?>>();
        var requests = new List<PendingRequest>();
        var splices = new List<TraceParentSplice>();
        var withheld = new List<MessageId>();
        foreach (var message in scanned.Messages)
        {
            switch (message.Kind)
            {
                case MessageKind.Request when message is { Id: not null, Method: not null }:
                    requests.Add(TakeRequest(direction, message, bytes, evidence, splices));
                    table.Add(requests[^1]);
                    break;
                case MessageKind.Notification when message.Method is not null:
                    _answers.TakeNotification(direction, message, bytes, table);
                    break;
                case MessageKind.Response:
                    var before = evidence.Count;
                    _answers.TakeAnswer(direction, message, bytes, _requests[(int)direction.Opposite()], evidence);
                    if (evidence.Count > before && message.Id is { } id)
                    {
                        withheld.Add(id);
                    }

                    break;
                default:
                    // Invalid: declared above, and from a server passed as it is.
                    break;
            }
        }

        return new Passage(line, splices.Count == 0 ? line.Bytes : TraceParentSplice.Apply(line.Bytes.Span, splices))
        {
            Evidence = evidence,
            Requests = requests,
            Withheld = withheld,
            IsBatch = scanned.IsBatch,
        };
    }

    private PendingRequest TakeRequest(
        Direction direction, McpMessage request, ReadOnlyMemory<byte> line, List<Task<string?>> evidence, List<TraceParentSplice> splices)
    {
        if (direction == Direction.ClientToServer)
        {
            _peers.ObserveRequest(request, line);
        }

        var subject = request.Method switch
        {
            McpMethods.ToolsList => request.Text("params.cursor", line.Span),
            McpMethods.TasksGet or McpMethods.TasksResult => request.Text("params.taskId", line.Span),
            _ => null,
        };
        OpenAction? action = null;
        if (McpMethods.ActionOf(request.Method!, direction) is { } method)
        {
            TraceParent? caller = TraceParent.TryParse(request.Text("params._meta.traceparent", line.Span), out var named) ? named : null;
            TrailPart part;
            try
            {
                part = _trails.For(caller);
            }
            catch (TrailKeyException e)
            {
                _gaps.Declare("trail_key_unavailable", direction.Sender(), "a request named a trail that has no key; it was not passed on");
                evidence.Add(Task.FromResult<string?>(e.Message));
                return new PendingRequest(request.Id!.Value, request.Method!, null, subject);
            }

            var start = _describer.Describe(method, direction, request, line, part, caller);
            (action, var durable) = _actions.Begin(start with { Continues = _rounds.Continue(request, line) });
            if (durable is not null)
            {
                evidence.Add(durable);
            }

            if (method.Splices && TraceParentSplice.For(request, line.Span, new TraceParent(part.Trace, action.Span, caller?.Flags ?? 1).ToString()) is { } splice)
            {
                splices.Add(splice);
            }
        }

        return new PendingRequest(request.Id!.Value, request.Method!, action, subject);
    }
}
