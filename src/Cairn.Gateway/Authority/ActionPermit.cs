using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Identity.Credentials;

namespace Cairn.Gateway.Authority;

/// <summary>Why an action must not be done.</summary>
/// <param name="Code">evidence_unavailable, policy_denied, approval_denied, approval_expired, approval_withdrawn, approval_unavailable or credential_refused.</param>
/// <param name="Message">In words that may be shown to the caller.</param>
public sealed record ActionRefusal(string Code, string Message);

/// <summary>How an action came out.</summary>
/// <param name="Status">ok, tool_error, protocol_error, cancelled, lost or accepted (docs/spec/records.md §4).</param>
public sealed record ActionResult(string Status)
{
    /// <summary>The protocol's code or a word for what failed; null when nothing did.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>What failed, in the way in's own words, never the peer's content.</summary>
    public string? ErrorMessage { get; init; }

    /// <summary>The output: committed to, kept as the capture rules say. Null when there is none.</summary>
    public ReadOnlyMemory<byte>? Output { get; init; }

    /// <summary>The output's media type.</summary>
    public string OutputMedia { get; init; } = "application/json";

    /// <summary>Attributes to add to those of the request.</summary>
    public IReadOnlyDictionary<string, object> Attributes { get; init; } = new Dictionary<string, object>();

    /// <summary>Outputs that were committed to while they passed, under <see cref="CompletedAs"/>.</summary>
    public IReadOnlyList<HeldStream> Streams { get; init; } = [];

    /// <summary>The id that its record gets, where commitments were made under it beforehand; null: a new one.</summary>
    public RecordId? CompletedAs { get; init; }

    /// <summary>Writes further members of <c>action</c> that the schema knows, such as <c>after</c>; null: none.</summary>
    public Action<Utf8JsonWriter>? More { get; init; }
}

/// <summary>The answer to a proposed action: it may be done, with this credential, or not, and why. Each is completed exactly once.</summary>
public sealed class ActionPermit
{
    private readonly Func<ActionResult, ValueTask> _complete;
    private int _completed;

    internal ActionPermit(ActionUnderWay way, ActionRefusal? refusal, IssuedCredential? credential, Func<ActionResult, ValueTask> complete)
    {
        (Way, Refusal, Requested, Credential, _complete) = (way, refusal, way.Requested, credential, complete);
        Context = new TraceParent(way.Action.Trace, way.Span, 1);
    }

    /// <summary>The action with the ids of its records.</summary>
    internal ActionUnderWay Way { get; }

    /// <summary>Why not; null: it may be done.</summary>
    public ActionRefusal? Refusal { get; }

    /// <summary>Why whoever asked must put it to a human before it is done; null: it may be done (<see cref="ActionPipelineOptions.AsksElsewhere"/>).</summary>
    public string? AskFirst => Way.AskFirst;

    /// <summary>Id of its <c>action.requested</c>.</summary>
    public RecordId Requested { get; }

    /// <summary>The trace context to pass on to whoever does the action: the action's own span.</summary>
    public TraceParent Context { get; }

    /// <summary>The credential to do it with; null: none.</summary>
    public IssuedCredential? Credential { get; }

    /// <summary>Records how it came out. A refused action is completed already: then this does nothing. Calls after the first do nothing.</summary>
    public ValueTask CompleteAsync(ActionResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return Refusal is null && Interlocked.Exchange(ref _completed, 1) == 0 ? _complete(result) : ValueTask.CompletedTask;
    }
}
