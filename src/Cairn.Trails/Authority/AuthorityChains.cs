using Cairn.Evidence;

namespace Cairn.Trails;

/// <summary>The chains of authority of a trail: worked out once over its graph, then read for each action.</summary>
public sealed class AuthorityChains
{
    private readonly Trail _trail;
    private readonly Dictionary<SpanId, AuthorityLink> _links = [];

    /// <summary>Works out the chains.</summary>
    public AuthorityChains(Trail trail)
    {
        ArgumentNullException.ThrowIfNull(trail);
        _trail = trail;

        // Causes come first, so that each link is made from one that is there; what hangs on a cycle has none above it.
        foreach (var span in trail.Graph.InOrder)
        {
            var above = Link(span.Parent);
            var link = above;
            if (span.Delegation is { } delegation)
            {
                link = new AuthorityLink(link, null, delegation);
            }

            if (span.Task is { } task)
            {
                link = new AuthorityLink(link, task, null);
            }

            if (link is not null)
            {
                _links[span.Id] = link;
            }
        }
    }

    /// <summary>The nearest task or delegation at or above a span; null: none is known.</summary>
    public AuthorityLink? Link(SpanId? span) => span is { } id ? _links.GetValueOrDefault(id) : null;

    /// <summary>The links that delegate, causes first.</summary>
    public IEnumerable<AuthorityLink> Delegations => _trail.Graph.InOrder
        .Where(span => span.Delegation is not null)
        .Select(span => _links[span.Id])
        .Select(link => link.Delegation is null ? link.Above! : link);

    /// <summary>Every link, causes first.</summary>
    public IEnumerable<AuthorityLink> Links => _trail.Graph.InOrder
        .Where(span => span.Delegation is not null || span.Task is not null)
        .Select(span => _links[span.Id])
        .SelectMany(link => link is { Task: not null, Above.Delegation: { } delegation } && delegation.Span == link.Task.Span ? new[] { link.Above, link } : [link]);

    /// <summary>The delegation nearest above an action; null: none.</summary>
    public static AuthorityLink? NearestDelegation(AuthorityLink? link)
    {
        while (link is { Delegation: null })
        {
            link = link.Above;
        }

        return link;
    }

    /// <summary>The authority of an action.</summary>
    public ActionAuthority Of(TrailAction action)
    {
        ArgumentNullException.ThrowIfNull(action);
        var chain = new List<AuthorityLink>();
        var nearest = Link(action.Parent) ?? Link(action.Span);
        for (var link = nearest; link is not null; link = link.Above)
        {
            chain.Add(link);
        }

        chain.Reverse();
        var credential = _trail.Find.Credential(action.Credential);
        var scope = nearest?.Scope ?? Scope.Unlimited;
        return new ActionAuthority
        {
            Action = action,
            Chain = chain,
            Initiator = chain is [{ Task: { Parent: null } root }, ..] ? root.Initiation : null,
            Scope = credential?.IssueRecord is null ? scope : scope.Intersect(Scope.Of(credential.Scope)),
            Invalid = [.. chain.Select(link => link.Delegation).OfType<Delegation>().Where(delegation => !IsValid(delegation, action.Requested))],
            Decision = _trail.Find.DecisionOf(action),
            Approval = _trail.Find.ApprovalOf(action),
            Credential = credential,
        };
    }

    /// <summary>Whether a delegation held at an instant.</summary>
    public static bool IsValid(Delegation delegation, DateTimeOffset time) => !(delegation.Ended < time) && !(delegation.Expires <= time);
}
