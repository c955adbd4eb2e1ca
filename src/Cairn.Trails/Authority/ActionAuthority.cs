using Cairn.Evidence;

namespace Cairn.Trails;

/// <summary>Under which authority one action was done.</summary>
public sealed record ActionAuthority
{
    /// <summary>The action.</summary>
    public required TrailAction Action { get; init; }

    /// <summary>Who or what it was begun by; null: the chain does not reach a start that nothing caused.</summary>
    public required Initiation? Initiator { get; init; }

    /// <summary>From the initiating principal down to the action: tasks and delegations.</summary>
    public required IReadOnlyList<AuthorityLink> Chain { get; init; }

    /// <summary>What might be done: all scopes along the chain, and the credential's, intersected.</summary>
    public required Scope Scope { get; init; }

    /// <summary>The delegations that had ended or expired when the action was requested.</summary>
    public required IReadOnlyList<Delegation> Invalid { get; init; }

    /// <summary>The decision about it; null: none is in the trail.</summary>
    public required TrailDecision? Decision { get; init; }

    /// <summary>The approval of it; null: none is in the trail.</summary>
    public required TrailApproval? Approval { get; init; }

    /// <summary>The credential that it was done with; null: none is named, or the trail tells nothing of it.</summary>
    public required TrailCredential? Credential { get; init; }

    /// <summary>Every record that this rests on.</summary>
    public IEnumerable<RecordId> Records => Chain.Select(link => link.Record)
        .Concat(new[] { Decision?.Record, Approval?.Recorded ?? Approval?.Request, Credential?.IssueRecord ?? Credential?.Record }.OfType<RecordId>());
}
