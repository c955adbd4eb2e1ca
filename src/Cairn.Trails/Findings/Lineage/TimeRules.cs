using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails.Findings;

/// <summary>Whether things were told in an order in which they can have happened.</summary>
internal static class TimeRules
{
    public static readonly Rule LateDeclaration = new("lineage.late_declaration", Severity.Medium, "A task or delegation was declared after it had been worked under", trail =>
        LateTasks(trail).Concat(LateDelegations(trail)));

    public static readonly Rule TimeOrder = new("lineage.time_order", Severity.Medium, "An effect is told to be earlier than its cause", trail =>
        Ends(trail).Concat(Starts(trail)).Concat(Clocks(trail)));

    private static IEnumerable<Miss> LateTasks(TrailCase trail)
    {
        foreach (var records in trail.Streams.OrderBy(stream => stream.Key.ToString(), StringComparer.Ordinal).Select(stream => stream.Value))
        {
            var before = new Dictionary<SpanId, TrailRecord>();
            foreach (var record in records)
            {
                if (record.Record.Kind == RecordKinds.TaskStarted && before.TryGetValue(record.Record.Span, out var early))
                {
                    yield return new Miss(
                        $"the part of {record.Issuer}", "a task.started before the records of its task", $"ordinal {record.Record.Seq}, after ordinal {early.Record.Seq}",
                        record.Record.Id, early.Record.Id);
                }

                before.TryAdd(record.Record.Task ?? record.Record.Span, record);
            }
        }
    }

    private static IEnumerable<Miss> LateDelegations(TrailCase trail) =>
        from delegation in trail.Trail.Delegations
        let first = trail.Trail.Graph.ChildrenOf(delegation.Span) is [var child, ..] ? child : null
        where first is not null && trail.IsAfter(delegation.Granted, first.Time)
        select new Miss($"the delegation to {delegation.To}", "a grant before the delegate's work", $"work {Span(delegation.Granted - first.Time)} before the grant", delegation.Record, first.Record);

    private static IEnumerable<Miss> Ends(TrailCase trail)
    {
        foreach (var action in trail.Trail.Actions.Where(action => action.FirstCompleted is { } first
            && (action.CompletedIn == action.Stream ? first < action.Requested : trail.IsAfter(action.Requested, first))))
        {
            yield return new Miss(TrailCase.Name(action), "an outcome after the request", $"an outcome {Span(action.Requested - action.FirstCompleted!.Value)} before it", action.Request, action.Completion!.Value);
        }

        foreach (var task in trail.Trail.Tasks.Where(task => task.FirstEnded < task.Started))
        {
            yield return new Miss($"the part of {task.Issuer}", "an end after the start", $"an end {Span(task.Started - task.FirstEnded!.Value)} before it", task.Initiation.Record, task.EndRecord!.Value);
        }

        foreach (var delegation in trail.Trail.Delegations.Where(delegation => delegation.Ended is { } ended && trail.IsAfter(delegation.Granted, ended)))
        {
            yield return new Miss($"the delegation to {delegation.To}", "an end after the grant", $"an end {Span(delegation.Granted - delegation.Ended!.Value)} before it", delegation.Record, delegation.EndRecord!.Value);
        }

        foreach (var approval in trail.Trail.Authority.Approvals.Where(approval => approval.Answered is { } answered && trail.IsAfter(approval.Asked, answered)))
        {
            yield return new Miss($"the approval by {approval.Approver}", "an answer after the question", $"an answer {Span(approval.Asked - approval.Answered!.Value)} before it", approval.Recorded!.Value, approval.Request);
        }
    }

    private static IEnumerable<Miss> Starts(TrailCase trail) =>
        from task in trail.Trail.Tasks
        let caller = trail.Trail.Graph.Find(task.Parent)?.Task
        where caller is not null && caller.Stream != task.Stream && trail.IsAfter(caller.Started, task.Started)
        select new Miss($"the part of {task.Issuer}", "a start after its caller's", $"a start {Span(caller.Started - task.Started)} before it", task.Initiation.Record, caller.Initiation.Record);

    private static IEnumerable<Miss> Clocks(TrailCase trail)
    {
        foreach (var records in trail.Streams.OrderBy(stream => stream.Key.ToString(), StringComparer.Ordinal).Select(stream => stream.Value))
        {
            var latest = records[0].Record.Time;
            var back = new List<Record>();
            foreach (var record in records.Select(record => record.Record))
            {
                if (trail.IsAfter(latest, record.Time))
                {
                    back.Add(record);
                }

                latest = record.Time > latest ? record.Time : latest;
            }

            if (back.Count > 0)
            {
                yield return new Miss($"the clock of {records[0].Issuer} (stream {records[0].Stream})", "times that do not go back", $"{back.Count} records that are told to be earlier than ones before them", back.Select(record => record.Id)) { IsAboutSubject = true };
            }
        }
    }

    private static string Span(TimeSpan time) => time.TotalSeconds < 1 ? $"{time.TotalMilliseconds:0.###} ms" : $"{time.TotalSeconds:0.###} s";
}
