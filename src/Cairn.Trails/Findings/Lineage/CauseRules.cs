namespace Cairn.Trails.Findings;

/// <summary>Whether everything in a trail has a cause that leads to one start.</summary>
internal static class CauseRules
{
    public static readonly Rule Orphan = new("lineage.orphan", Severity.Medium, "A cause that is named is not in the trail", trail =>
        from orphan in trail.Trail.Graph.Orphans
        select new Miss(
            $"span {orphan.Missing}",
            "a record of the span that others name as their cause",
            $"none; {orphan.Children.Count} spans stand below it",
            orphan.Children.Take(20).Select(child => child.Record)) { IsAboutSubject = true })
    { RestsOnAbsence = true };

    public static readonly Rule NoRoot = new("lineage.no_root", Severity.Medium, "Nobody recorded what started the trail", trail =>
        trail.Trail.Tasks.Any(task => task.Parent is null)
            ? []
            : [new Miss("the trail", "a task.started that nothing caused", trail.Trail.Tasks.Count == 0 ? "no task.started" : "only starts that name a cause", trail.Trail.Records[0].Record.Id)])
    { RestsOnAbsence = true };

    public static readonly Rule SecondRoot = new("lineage.second_root", Severity.Medium, "A trail has more than one start", trail =>
    {
        var roots = trail.Trail.Tasks.Where(task => task.Parent is null).DistinctBy(task => task.Span).ToList();
        return roots.Count < 2 ? [] : [new Miss(
            "the trail",
            "one start that nothing caused",
            $"{roots.Count}: {string.Join(", ", roots.Take(5).Select(root => $"{root.Agent.Id} started by {root.Initiation.Principal}"))}",
            roots.Select(root => root.Initiation.Record)) { IsAboutSubject = true }];
    });

    public static readonly Rule Cycle = new("lineage.cycle", Severity.High, "Spans are each other's cause", trail =>
        from cycle in trail.Trail.Graph.Cycles
        select new Miss(
            $"spans {string.Join(", ", cycle.Take(5).Select(span => span.Id))}{(cycle.Count > 5 ? " …" : "")}",
            "causes that lead to a start",
            cycle.Count == 1 ? "a span that names itself as its cause" : $"{cycle.Count} spans that lead back to each other",
            cycle.Select(span => span.Record)));
}
