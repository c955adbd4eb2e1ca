namespace Cairn.Trails.Findings;

/// <summary>Whether what began has ended, and what ended had begun.</summary>
internal static class PairRules
{
    public static readonly Rule OpenSpan = new("lineage.open_span", Severity.Low, "Something began and has no end", trail =>
        trail.Trail.Actions.Where(action => action.Status is null)
            .Select(action => new Miss(TrailCase.Name(action), "an action.completed", "none: it goes on, or its outcome was lost or removed", action.Request))
        .Concat(trail.Trail.Tasks.Where(task => task.Ended is null)
            .Select(task => new Miss($"the part of {task.Issuer}", "a task.ended", "none: it goes on, its emitter died, or its tail was removed", task.Initiation.Record)))
        .Concat(trail.Trail.Delegations.Where(delegation => delegation.Ended is null && delegation.Expires is null)
            .Select(delegation => new Miss($"the delegation to {delegation.To}", "an end or an expiry", "neither", delegation.Record))))
    { RestsOnAbsence = true };

    public static readonly Rule MissingCounterpart = new("lineage.missing_counterpart", Severity.Medium, "Something ended that had not begun", trail =>
        from end in trail.Trail.Unpaired
        select new Miss(end.Kind, end.Expected, "none: it was lost, removed, or is in another trail", end.Record))
    { RestsOnAbsence = true };
}
