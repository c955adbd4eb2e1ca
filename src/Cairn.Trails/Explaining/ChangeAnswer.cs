using Cairn.Evidence;

namespace Cairn.Trails.Explaining;

/// <summary>What changed, who says so, and who confirms it.</summary>
internal static class ChangeAnswer
{
    private const int MostWrites = 200;

    public static IEnumerable<Sentence> Of(Trail trail)
    {
        var effects = trail.Effects.Where(effect => effect.Action is not null).GroupBy(effect => effect.Action!.Value).ToDictionary(group => group.Key, group => group.ToList());
        var writes = trail.Actions.Where(action => action is { Writes: true, WasOk: true }).ToList();
        foreach (var write in writes.Take(MostWrites))
        {
            var version = write.After is { } after ? $", which left version {after.Value}" : "";
            var seen = effects.TryGetValue(write.Request, out var own) ? $" {own[0].System} confirms it: {own[0].Operation} of {own[0].Resource} ({own[0].Status ?? "no status"})." : "";
            yield return Say.Known(
                $"{write.Actor.Id} changed something by {write.Type} {write.ShortResource} at {Say.Time(write.Requested)}{version}.{seen}",
                new[] { write.Request, write.Completion!.Value }.Concat(own?.Select(effect => effect.Record) ?? []));
        }

        if (writes.Count > MostWrites)
        {
            yield return Say.Known($"{writes.Count - MostWrites} further writes came out ok.", writes.Skip(MostWrites).Select(write => write.Request));
        }

        if (writes.Count == 0)
        {
            yield return Say.Known("No action that is known to write came out ok.");
        }

        foreach (var effect in trail.Effects.Where(effect => trail.Find.Action(effect.Action) is null))
        {
            yield return Say.Known($"{effect.System} tells of {effect.Operation} of {effect.Resource} at {Say.Time(effect.Time)}, and no action of the trail accounts for it.", effect.Record);
        }

        var unknown = trail.Actions.Where(action => action is { Writes: null, WasDone: true }).ToList();
        if (unknown.Count > 0)
        {
            yield return Say.Unknown($"Whether {unknown.Count} actions changed something can't be told: their tools do not say whether they write.", unknown.Select(action => action.Request));
        }

        var claimed = writes.Where(write => !effects.ContainsKey(write.Request)).ToList();
        if (claimed.Count > 0)
        {
            yield return Say.Unknown($"That {claimed.Count} writes took effect is told by who recorded them alone: no log of the targets is in the trail.", claimed.Select(write => write.Request));
        }

        var stopped = trail.Actions.Where(action => action is { Status: "refused" or "cancelled", WasDone: false }).ToList();
        if (stopped.Count > 0)
        {
            yield return Say.Known($"{stopped.Count} actions were refused or cancelled before they were done.", stopped.Select(action => action.Completion ?? action.Request));
        }

        foreach (var gap in trail.Gaps.Take(20))
        {
            yield return Say.Unknown($"Evidence is missing by its emitter's own account: {gap.Reason}{(gap.Count > 0 ? $", {gap.Count}" : "")}.", gap.Record);
        }
    }
}
