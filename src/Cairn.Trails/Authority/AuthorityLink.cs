using Cairn.Evidence;

namespace Cairn.Trails;

/// <summary>
/// A place in the chain of authority: a task that somebody started, or a delegation. Whatever stands below it in the graph
/// shares it, so that a trail has as many as it has tasks and delegations, however many actions.
/// </summary>
public sealed class AuthorityLink
{
    internal AuthorityLink(AuthorityLink? above, TrailTask? task, Delegation? delegation)
    {
        (Above, Task, Delegation) = (above, task, delegation);
        var given = delegation is null ? Scope.Unlimited : Scope.Of(delegation.Scope);
        var had = above?.Scope ?? Scope.Unlimited;
        Scope = had.Intersect(given);
        Wider = delegation is null ? [] : had.Beyond(given);
        FirstEnd = Earlier(above?.FirstEnd, Earlier(delegation?.Ended, delegation?.Expires));
        Depth = (above?.Depth ?? 0) + (delegation is null ? 0 : 1);
    }

    /// <summary>The next link towards the initiating principal; null: this is the first that is known.</summary>
    public AuthorityLink? Above { get; }

    /// <summary>The task that starts here; null: this is a delegation.</summary>
    public TrailTask? Task { get; }

    /// <summary>The delegation; null: this is a task.</summary>
    public Delegation? Delegation { get; }

    /// <summary>What may be done from here on: the scopes of all delegations down to here, intersected.</summary>
    public Scope Scope { get; }

    /// <summary>What this delegation gives that its giver did not have.</summary>
    public IReadOnlyList<string> Wider { get; }

    /// <summary>How many delegations lie between the initiating principal and here.</summary>
    public int Depth { get; }

    /// <summary>When the first delegation of the chain down to here ended or expires; null: none has an end.</summary>
    public DateTimeOffset? FirstEnd { get; }

    /// <summary>The record that says so.</summary>
    public RecordId Record => Task?.Initiation.Record ?? Delegation!.Record;

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other : one;
}
