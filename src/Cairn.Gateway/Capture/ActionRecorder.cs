using Cairn.Gateway.Authority;

namespace Cairn.Gateway.Capture;

/// <summary>Turns the conversation's actions into proposals, and records them. Not safe for several threads.</summary>
/// <param name="options">How to record.</param>
/// <param name="sink">Where the records go.</param>
/// <param name="records">Drafts them.</param>
/// <param name="caller">Who asks, unless an action names another.</param>
/// <param name="secrets">What no record of the conversation may hold, whichever of its peers says it.</param>
internal sealed class ActionRecorder(GatewayOptions options, EvidenceSink sink, ActionRecords records, Caller caller, KnownSecrets secrets)
{
    /// <summary>In a trail that a request names, nobody knows who handed on what: the agent's own word must not widen anything.</summary>
    private readonly Caller _elsewhere = caller with { DelegationChain = [] };

    /// <summary>An action that is about to pass, with the ids of its records.</summary>
    /// <param name="start">What is known of it.</param>
    /// <param name="keepsInput">The input is copied: it is needed longer than its line.</param>
    /// <param name="asking">Who asks for this one, as this request was authenticated; null: the usual caller.</param>
    public OpenAction Open(ActionStart start, bool keepsInput = false, Caller? asking = null)
    {
        var attributes = start.Attributes;
        if (start.Continues is { } earlier)
        {
            attributes = new Dictionary<string, object>(attributes) { ["cairn.continues"] = earlier.ToString() };
        }

        var proposed = new ProposedAction
        {
            Caller = asking ?? (start.Part.IsMain ? caller : _elsewhere),
            Trace = start.Part.Trace,
            Parent = start.Parent,
            Task = start.Part.Task,
            Type = start.Method.Type,
            Name = start.Name,
            Resource = start.Resource,
            Server = start.Server,
            Writes = start.Method.Writes ?? start.Tool?.Writes,
            ToolDigest = start.Tool?.Digest,
            TakesCredential = start.TakesCredential,
            Input = keepsInput ? start.Input.ToArray() : start.Input,
            Attributes = attributes,
        };
        start.Part.OpenActions++;
        return new OpenAction { Part = start.Part, Way = ActionUnderWay.Propose(proposed, options.Capture, options.Time, secrets) };
    }

    /// <summary>Records that an action is about to pass.</summary>
    /// <returns>
    /// The open action, and the task that says whether it may pass (null) or why not: in strict mode once its record is
    /// durable, else at once when not even the spool takes it. No task: it may pass.
    /// </returns>
    public (OpenAction Action, Task<string?>? Evidence) Begin(ActionStart start)
    {
        var action = Open(start);
        var draft = records.Requested(action.Way);
        if (options.Strict)
        {
            return (action, sink.EmitDurableAsync(draft));
        }

        return (action, sink.Emit(draft) ? null : Task.FromResult<string?>("neither memory nor disk takes further evidence"));
    }

    /// <summary>Records how an action came out. An action that was accepted may come out a second time: then finally.</summary>
    public void Complete(OpenAction action, ActionOutcome outcome, ReadOnlyMemory<byte> line)
    {
        Close(action);
        sink.Emit(records.Completed(action.Way, new ActionResult(outcome.Status)
        {
            ErrorCode = outcome.ErrorCode,
            ErrorMessage = outcome.ErrorMessage,
            Output = outcome.Output?.In(line),
            Attributes = AttributesOf(action, outcome),
        }));
    }

    /// <summary>Takes note that an action's outcome is recorded.</summary>
    public static void Close(OpenAction action)
    {
        if (!action.IsCompleted)
        {
            action.IsCompleted = true;
            action.Part.OpenActions--;
        }
    }

    private static Dictionary<string, object> AttributesOf(OpenAction action, ActionOutcome outcome)
    {
        var attributes = new Dictionary<string, object>(StringComparer.Ordinal);
        if (outcome.ResultType is not null)
        {
            attributes["mcp.result.type"] = ResourceNames.Bounded(outcome.ResultType, 64);
        }

        if (outcome.TaskId is not null)
        {
            attributes["mcp.task.id"] = ResourceNames.Bounded(outcome.TaskId, 128);
        }

        if (action.CancelRequested is not null)
        {
            attributes["cairn.cancel_requested"] = true;
        }

        return attributes;
    }
}
