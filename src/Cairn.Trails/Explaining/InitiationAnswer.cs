using Cairn.Evidence;

namespace Cairn.Trails.Explaining;

/// <summary>Who or what initiated it, and to whom it was handed on.</summary>
internal static class InitiationAnswer
{
    private const int MostDelegations = 100;

    public static IEnumerable<Sentence> Of(Trail trail)
    {
        var roots = trail.Tasks.Where(task => task.Parent is null).DistinctBy(task => task.Span).ToList();
        if (roots.Count == 0)
        {
            yield return Say.Unknown("Who or what initiated it can't be told: no record of a start without a cause is in the trail.", trail.Records[0].Record.Id);
        }

        foreach (var root in roots)
        {
            var asked = root.Initiation;
            yield return asked.Principal.Length == 0
                ? Say.Unknown($"{root.Agent.Id} started at {Say.Time(root.Started)} over {asked.Channel}; who asked for it is not recorded.", asked.Record)
                : Say.Known($"{asked.Principal} asked {root.Agent.Id} at {Say.Time(root.Started)} over {asked.Channel}.", asked.Record);
            yield return asked.Authenticated is "none" or "?"
                ? Say.Unknown("Who asked was not authenticated.", asked.Record)
                : Say.Known($"Who asked was authenticated by {asked.Authenticated}.", asked.Record);
            yield return asked.Owner.Length == 0
                ? Say.Unknown("Nobody was named as accountable.", asked.Record)
                : Say.Known($"{asked.Owner} is accountable.", asked.Record);
        }

        foreach (var (missing, children) in trail.Graph.Orphans.Take(10))
        {
            yield return Say.Unknown($"What asked for the work under span {missing} can't be told: no record speaks of it.", children.Select(child => child.Record));
        }

        foreach (var cycle in trail.Graph.Cycles.Take(10))
        {
            yield return Say.Unknown($"What asked for the work under {cycle.Count} spans can't be told: they are named as each other's cause.", cycle.Select(span => span.Record));
        }

        foreach (var delegation in trail.Delegations.Take(MostDelegations))
        {
            var until = delegation.Expires is { } end ? $", until {Say.Time(end)}" : "";
            var over = delegation.Ended is { } ended ? $" It ended at {Say.Time(ended)}{(delegation.EndReason is { } why ? $" ({why})" : "")}." : " No end of it is recorded.";
            yield return Say.Known(
                $"{delegation.From} delegated to {delegation.To}{(delegation.Purpose.Length == 0 ? "" : $", to {delegation.Purpose}")}, with the rights {Scope.Of(delegation.Scope)}{until}.{over}",
                delegation.EndRecord is { } record ? [delegation.Record, record] : [delegation.Record]);
        }

        if (trail.Delegations.Count > MostDelegations)
        {
            yield return Say.Known($"{trail.Delegations.Count - MostDelegations} further delegations are in the trail.", trail.Delegations.Skip(MostDelegations).Select(delegation => delegation.Record));
        }
    }
}
