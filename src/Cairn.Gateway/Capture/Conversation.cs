using Cairn.Evidence;
using Cairn.Gateway.Admission;
using Cairn.Gateway.Authority;
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
    private readonly AdmissionBook? _admissions;
    private readonly Func<ActionStart, LineFindings, OpenAction> _beginInput;

    /// <param name="options">How to record.</param>
    /// <param name="trails">The trails written into.</param>
    /// <param name="actions">Records actions.</param>
    /// <param name="peers">What is known of both sides.</param>
    /// <param name="gaps">Declares what passed unread.</param>
    /// <param name="decides">The pipeline is asked before an action passes; otherwise actions are recorded, and pass.</param>
    public Conversation(GatewayOptions options, TrailParts trails, ActionRecorder actions, PeerContext peers, GapCounter gaps, bool decides)
    {
        (_options, _trails, _actions, _peers, _gaps) = (options, trails, actions, peers, gaps);
        _describer = new ActionDescriber(peers);
        _rounds = new InputRounds(actions, _describer);
        _answers = new AnswerBook(options, actions, _rounds, peers, gaps, trails);
        _beginInput = BeginInput;
        _admissions = decides ? new AdmissionBook(options, actions, _describer) : null;
    }

    /// <summary>Where messages wait that have stepped aside; null where nothing is decided.</summary>
    public WaitingRoom? Room => _admissions?.Room;

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

    /// <summary>Lets an admitted message pass, unless it was withdrawn in the same moment: then its actions come out cancelled.</summary>
    public bool TryPass(MessageAdmission admission)
    {
        lock (_gate)
        {
            if (admission.TryPass())
            {
                _admissions!.Pass(admission);
                return true;
            }

            foreach (var action in admission.Actions.Where(a => !a.IsCompleted))
            {
                _actions.Complete(
                    action, new ActionOutcome(ActionStatus.Cancelled, "cancelled", action.Way.WithdrawnBecause ?? "withdrawn before it was passed on"), default);
            }

            Forget(admission);
            return false;
        }
    }

    /// <summary>Gives up a message that must not pass.</summary>
    /// <returns>The answer to whoever waits for its effect, as one JSON object.</returns>
    public byte[] Refuse(Direction direction, MessageAdmission admission, AdmissionVerdict.Refused refused)
    {
        lock (_gate)
        {
            foreach (var action in refused.Permitted.Where(a => !a.IsCompleted))
            {
                _actions.Complete(
                    action, new ActionOutcome(ActionStatus.Cancelled, "cancelled", "another input that the same answer asks for was refused"), default);
            }

            _admissions!.Close(admission);
            if (admission.Request is { } request)
            {
                _requests[(int)direction].Remove(request);
            }

            return Refusals.NotPermitted(admission, refused, _peers.Protocol);
        }
    }

    /// <summary>Gives up a message that was taken back. One that its own sender took back is not answered (MCP, basic §Cancellation).</summary>
    public void Withdrawn(MessageAdmission admission)
    {
        lock (_gate)
        {
            Forget(admission);
        }
    }

    /// <summary>Takes back what has not passed, now and from now on; those who wait for an answer get it from <see cref="End"/>.</summary>
    /// <returns>Completes when all of it is recorded.</returns>
    public Task WithdrawAllAsync(string why)
    {
        lock (_gate)
        {
            _admissions?.WithdrawAll(why);
            return _admissions?.SettledAsync() ?? Task.CompletedTask;
        }
    }

    /// <summary>Forgets messages whose line will not be dealt with: the run is over, and nobody was asked about them.</summary>
    public void Drop(Passage passage)
    {
        lock (_gate)
        {
            foreach (var admission in passage.Guard?.Admissions ?? [])
            {
                _admissions!.Close(admission);
            }
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
            _admissions?.CloseRecorded();
            var unanswered = _requests.SelectMany(t => t.Drain().Select(r => (Table: t, Request: r))).ToList();
            foreach (var (_, request) in unanswered)
            {
                if (request.Action is { IsCompleted: false } action)
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

        var found = new LineFindings(line.Message);
        foreach (var message in scanned.Messages)
        {
            switch (message.Kind)
            {
                case MessageKind.Request when message is { Id: not null, Method: not null }:
                    found.Requests.Add(TakeRequest(direction, message, found));
                    table.Add(found.Requests[^1]);
                    break;
                case MessageKind.Notification when message.Method is not null:
                    TakeNotification(direction, message, table, found);
                    break;
                case MessageKind.Response:
                    TakeAnswer(direction, message, found);
                    break;
                default:
                    // Invalid: declared above, and from a server passed as it is.
                    break;
            }
        }

        return found.ToPassage(line, scanned);
    }

    private void TakeNotification(Direction direction, McpMessage notification, RequestTable own, LineFindings found)
    {
        var (passes, cancels) = _answers.TakeNotification(direction, notification, found.Line, own);
        if (!passes)
        {
            found.Drop(notification);
        }
        else if (cancels is not null)
        {
            found.Follow(cancels);
        }

        StripCredential(direction, notification, found);
    }

    private void TakeAnswer(Direction direction, McpMessage answer, LineFindings found)
    {
        var before = found.Evidence.Count;
        var (request, passes) = _answers.TakeAnswer(direction, answer, found, _requests[(int)direction.Opposite()], _beginInput);
        if (!passes)
        {
            found.Drop(answer);
        }
        else if (found.TakeInputs() is { } inputs)
        {
            found.Add(_admissions!.OfAnswer(answer, request!.Method, direction == Direction.ServerToClient && request.Method == McpMethods.ToolsCall, inputs));
        }

        if (found.Evidence.Count > before && answer.Id is { } id)
        {
            found.Withheld.Add(id);
        }
    }

    /// <summary>An input that an answer asks for: recorded, or proposed where a policy decides.</summary>
    private OpenAction BeginInput(ActionStart start, LineFindings found)
    {
        if (_admissions is not null)
        {
            found.Inputs.Add(_actions.Open(start));
            return found.Inputs[^1];
        }

        var (action, durable) = _actions.Begin(start);
        found.Expect(durable);
        return action;
    }

    private PendingRequest TakeRequest(Direction direction, McpMessage request, LineFindings found)
    {
        var line = found.Line;
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
        if (McpMethods.ActionOf(request.Method!, direction) is not { } method)
        {
            StripCredential(direction, request, found);
            return new PendingRequest(request.Id!.Value, request.Method!, null, subject);
        }

        TraceParent? caller = TraceParent.TryParse(request.Text("params._meta.traceparent", line.Span), out var named) ? named : null;
        TrailPart part;
        try
        {
            part = _trails.For(caller);
        }
        catch (TrailKeyException e)
        {
            _gaps.Declare("trail_key_unavailable", direction.Sender(), "a request named a trail that has no key; it was not passed on");
            if (_admissions is not null)
            {
                return Admitted(_admissions.Refused(request, new ActionRefusal("evidence_unavailable", e.Message)), null, subject, found);
            }

            found.Expect(Task.FromResult<string?>(e.Message));
            return new PendingRequest(request.Id!.Value, request.Method!, null, subject);
        }

        if (_admissions is { Room.IsFull: true })
        {
            _gaps.Declare("too_many_waiting", direction.Sender(), $"{_admissions.Room.Taken} messages wait to be permitted; a further one was not passed on");
            var full = new ActionRefusal("too_many_waiting", $"{_admissions.Room.Taken} calls wait to be permitted");
            return Admitted(_admissions.Refused(request, full), null, subject, found);
        }

        var continues = _rounds.Continue(request, line);
        if (_admissions is not null)
        {
            var admission = _admissions.OfRequest(direction, method, request, line, part, caller, continues);
            return Admitted(admission, admission.Actions[0], subject, found);
        }

        var (action, durable) = _actions.Begin(_describer.Describe(method, direction, request, line, part, caller) with { Continues = continues });
        found.Expect(durable);
        if (method.Splices && TraceParentSplice.For(request, line.Span, new TraceParent(part.Trace, action.Span, caller?.Flags ?? 1).ToString()) is { } splice)
        {
            found.Splices.Add(splice);
        }

        return new PendingRequest(request.Id!.Value, request.Method!, action, subject);
    }

    private static PendingRequest Admitted(MessageAdmission admission, OpenAction? action, string? subject, LineFindings found)
    {
        var request = new PendingRequest(admission.Id, admission.Method, action, subject) { Admission = admission };
        admission.Request = request;
        found.Add(admission);
        return request;
    }

    /// <summary>Where the gateway gives credentials, no client's own reaches the server in their place.</summary>
    private void StripCredential(Direction direction, McpMessage message, LineFindings found)
    {
        if (_admissions is not null && direction == Direction.ClientToServer && _admissions.Strip(message, found.Line) is { Count: > 0 } splices)
        {
            found.Change(message, splices);
        }
    }

    private void Forget(MessageAdmission admission)
    {
        _admissions!.Close(admission);
        if (admission is { WithdrawnByGateway: null, Request: { } request })
        {
            _requests[(int)Direction.ClientToServer].Remove(request);
            _requests[(int)Direction.ServerToClient].Remove(request);
        }
    }
}
