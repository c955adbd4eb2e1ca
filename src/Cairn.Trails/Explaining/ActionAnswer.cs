namespace Cairn.Trails.Explaining;

/// <summary>Which tools were used, by whom, and who saw it.</summary>
internal static class ActionAnswer
{
    private const int MostTools = 200;

    public static IEnumerable<Sentence> Of(Trail trail)
    {
        if (trail.Actions.Count == 0)
        {
            yield return Say.Unknown("No action is recorded.");
            yield break;
        }

        var tools = trail.Actions.GroupBy(action => (action.Actor.Id, action.Type, action.Resource)).ToList();
        foreach (var calls in tools.Take(MostTools))
        {
            var outcomes = string.Join(", ", calls.GroupBy(call => call.Status ?? "without an outcome").OrderByDescending(group => group.Count()).Select(group => $"{group.Count()} {group.Key}"));
            yield return Say.Known($"{calls.Key.Id} did {calls.Key.Type} {calls.Key.Resource} {Say.Times(calls.Count())}: {outcomes}.", calls.Select(call => call.Request));
        }

        if (tools.Count > MostTools)
        {
            yield return Say.Known($"{tools.Count - MostTools} further tools and resources were used; `cairn show` and --output json have them all.", tools.Skip(MostTools).Select(calls => calls.First().Request));
        }

        var alone = trail.Actions.Where(action => action.Issuer == action.Actor.Id).ToList();
        if (alone.Count > 0)
        {
            yield return Say.Unknown($"Of {alone.Count} actions only the agent itself tells: nobody else saw them.", alone.Select(action => action.Request));
        }

        var open = trail.Actions.Where(action => action.Status is null or "lost").ToList();
        if (open.Count > 0)
        {
            yield return Say.Unknown($"How {open.Count} actions came out can't be told.", open.Select(action => action.Request));
        }
    }
}
