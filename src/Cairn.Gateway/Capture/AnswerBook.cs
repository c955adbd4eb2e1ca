using Cairn.Gateway.Admission;
using Cairn.Gateway.Forwarding;
using Cairn.Gateway.Messages;
using Cairn.Sdk;

namespace Cairn.Gateway.Capture;

/// <summary>Matches answers, cancellations and task states to the actions they are about. Under the conversation's lock.</summary>
internal sealed class AnswerBook(
    GatewayOptions options, ActionRecorder actions, InputRounds rounds, PeerContext peers, GapCounter gaps, TrailParts trails)
{
    /// <summary>Ids of cancelled requests whose late answer is still expected; older ones count as never asked.</summary>
    private const int MostCancelled = 4096;

    private readonly AcceptedTasks[] _tasks = [new(), new()];
    private readonly Queue<MessageId>[] _cancelled = [new(), new()];
    private readonly List<(Direction Direction, PendingRequest Request)> _waiting = [];

    /// <summary>The peer's own words may stand in records.</summary>
    private bool PeersWords => options.Capture != CaptureProfile.Metadata;

    /// <summary>Takes a notification.</summary>
    /// <param name="direction">Which way it went.</param>
    /// <param name="notification">The notification.</param>
    /// <param name="line">Its line.</param>
    /// <param name="own">The unanswered requests of the same sender.</param>
    /// <returns>
    /// Whether it may pass: not where it cancels a request that the receiver has not seen and now never will. And the
    /// request that it cancels, when that has passed.
    /// </returns>
    public (bool Passes, MessageAdmission? Cancels) TakeNotification(Direction direction, McpMessage notification, ReadOnlyMemory<byte> line, RequestTable own)
    {
        if (notification.Method == McpMethods.Cancelled)
        {
            if (IdAt(notification, "params.requestId", line) is { } id && own.Find(id) is { } request)
            {
                if (request.Admission is { } admission && admission.Withdraw($"the {direction.Sender()} cancelled the request before it was passed on", byGateway: false))
                {
                    return (false, null);
                }

                MarkCancelled(direction, request);
                return (true, request.Admission);
            }
        }
        else if (notification.Method is "notifications/tasks" or "notifications/tasks/status" && notification.Text("params.taskId", line.Span) is { } task)
        {
            // The receiver of a request tells its sender: the action went the other way.
            FinishTask(direction.Opposite(), task, ActionOutcome.OfTask(notification, "params", line.Span, PeersWords), line);
        }

        return (true, null);
    }

    /// <summary>Takes an answer to one of the unanswered requests of the other side.</summary>
    /// <param name="direction">Which way it goes.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="found">What its line turned out to need so far.</param>
    /// <param name="asked">The unanswered requests of the other side.</param>
    /// <param name="begin">Begins an action that the answer asks of its receiver.</param>
    /// <returns>The request that it answers; null when there is none. Whether the answer may pass: not where the request still waits to be permitted.</returns>
    public (PendingRequest? Request, bool Passes) TakeAnswer(
        Direction direction, McpMessage answer, LineFindings found, RequestTable asked, Func<ActionStart, LineFindings, OpenAction> begin)
    {
        var line = found.Line;
        if (answer.Id is not { } id)
        {
            // An error without an id: the sender could not read what it is an answer to.
            return (null, true);
        }

        var asker = direction.Opposite();
        if (asked.Take(id) is not { } request)
        {
            if (asked.Find(id) is not null)
            {
                gaps.Declare(
                    "early_response", direction.Sender(), $"an answer to the request {id.Text}, which waits to be permitted and was not passed on; nor was the answer");
                return (null, false);
            }

            if (!_cancelled[(int)asker].Contains(id))
            {
                gaps.Declare(
                    "unsolicited_response", direction == Direction.ServerToClient ? "server" : "client", $"an answer to the id {id.Text}, which is not asked");
            }

            return (null, true);
        }

        if (direction == Direction.ServerToClient)
        {
            peers.ObserveAnswer(request.Method, answer, line);
            if (request.Method == McpMethods.ToolsList)
            {
                peers.ObserveTools(request.Subject, answer, line);
            }

            if (trails.OpenMain is { } main)
            {
                trails.RecordContext(main);
            }
        }

        if (request.Action is { } action)
        {
            Finish(asker, action, ActionOutcome.Of(answer, line.Span, PeersWords), answer, found, begin);
        }
        else if (request.Method == McpMethods.TasksGet && request.Subject is { } polled)
        {
            FinishTask(asker, polled, ActionOutcome.OfTask(answer, "result", line.Span, PeersWords), line);
        }
        else if (request.Method == McpMethods.TasksResult && request.Subject is { } fetched)
        {
            FinishTask(asker, fetched, ActionOutcome.Of(answer, line.Span, PeersWords), line);
        }

        return (request, true);
    }

    /// <summary>Takes an answer where nothing is decided about what it asks for: its inputs are recorded.</summary>
    /// <param name="direction">Which way it goes.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="line">Its line.</param>
    /// <param name="asked">The unanswered requests of the other side.</param>
    /// <param name="evidence">Gets the records that must be durable before the answer may pass.</param>
    public void TakeAnswer(Direction direction, McpMessage answer, ReadOnlyMemory<byte> line, RequestTable asked, List<Task<string?>> evidence)
    {
        var found = new LineFindings(line);
        TakeAnswer(direction, answer, found, asked, (start, findings) =>
        {
            var (action, durable) = actions.Begin(start);
            findings.Expect(durable);
            return action;
        });
        evidence.AddRange(found.Evidence);
    }

    /// <summary>Completes cancelled actions whose answer did not come within the grace.</summary>
    public void CompleteCancelled(RequestTable[] requests)
    {
        for (var i = _waiting.Count - 1; i >= 0; i--)
        {
            var (direction, request) = _waiting[i];
            var action = request.Action!;
            if (action.IsCompleted)
            {
                _waiting.RemoveAt(i);
            }
            else if (options.Time.GetElapsedTime(action.CancelRequested!.Value) >= options.CancelGrace)
            {
                _waiting.RemoveAt(i);
                requests[(int)direction].Remove(request);
                Remember(direction, request.Id);
                actions.Complete(action, new ActionOutcome(ActionStatus.Cancelled, "cancelled", "the caller cancelled the request; it was not answered"), default);
            }
        }
    }

    private void MarkCancelled(Direction direction, PendingRequest request)
    {
        if (request.Action is { CancelRequested: null } action)
        {
            action.CancelRequested = options.Time.GetTimestamp();
            _waiting.Add((direction, request));
        }
    }

    private void Remember(Direction direction, MessageId id)
    {
        var ids = _cancelled[(int)direction];
        ids.Enqueue(id);
        if (ids.Count > MostCancelled)
        {
            ids.Dequeue();
        }
    }

    private void Finish(
        Direction asker, OpenAction action, ActionOutcome outcome, McpMessage answer, LineFindings found, Func<ActionStart, LineFindings, OpenAction> begin)
    {
        if (action.CancelRequested is not null && outcome.Status == ActionStatus.ProtocolError)
        {
            outcome = outcome with { Status = ActionStatus.Cancelled };
        }

        actions.Complete(action, outcome, found.Line);
        if (outcome.TaskId is { } task && !_tasks[(int)asker].Add(task, action))
        {
            gaps.Declare("too_many_tasks", "server", "too many accepted tasks are open; the outcome of a further one will not be linked to its request");
        }
        else if (outcome.ResultType == "input_required")
        {
            rounds.Begin(action, answer, found, begin);
        }
    }

    private void FinishTask(Direction asker, string task, ActionOutcome? outcome, ReadOnlyMemory<byte> line)
    {
        if (outcome is not null && outcome.Status != ActionStatus.Accepted && _tasks[(int)asker].Find(task) is { } action)
        {
            _tasks[(int)asker].Remove(task);
            actions.Complete(action, outcome with { TaskId = task }, line);
        }
    }

    private static MessageId? IdAt(McpMessage message, string path, ReadOnlyMemory<byte> line)
    {
        if (message[path] is not { } span)
        {
            return null;
        }

        var reader = new System.Text.Json.Utf8JsonReader(span.In(line).Span);
        return reader.Read() && MessageId.TryRead(ref reader, out var id) ? id : null;
    }
}
