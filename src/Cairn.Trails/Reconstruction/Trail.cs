using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails;

/// <summary>
/// A trail reconstructed from its records: who started it, what context there was, who did what with which tools, and
/// what changed. A pure function of the records; their order of arrival does not matter.
/// </summary>
public sealed class Trail
{
    private Trail(TraceId trace, IReadOnlyList<TrailRecord> records) => (Trace, Records) = (trace, records);

    /// <summary>The trace id.</summary>
    public TraceId Trace { get; }

    /// <summary>All records, by time, then by ledger order.</summary>
    public IReadOnlyList<TrailRecord> Records { get; }

    /// <summary>Every emitter's part, root first.</summary>
    public required IReadOnlyList<TrailTask> Tasks { get; init; }

    /// <summary>The delegations, in order.</summary>
    public required IReadOnlyList<Delegation> Delegations { get; init; }

    /// <summary>The captured contexts, in order.</summary>
    public required IReadOnlyList<CapturedContext> Contexts { get; init; }

    /// <summary>The acts, by time of request.</summary>
    public required IReadOnlyList<TrailAction> Actions { get; init; }

    /// <summary>Decisions, approvals and credentials.</summary>
    public required TrailAuthority Authority { get; init; }

    /// <summary>The declared gaps, in order.</summary>
    public required IReadOnlyList<DeclaredGap> Gaps { get; init; }

    /// <summary>The task that nobody in the trail called: what started it all. Null when its record is missing.</summary>
    public TrailTask? Root => Tasks.FirstOrDefault(task => task.Parent is null) ?? (Tasks.Count > 0 ? Tasks[0] : null);

    /// <summary>When the first record was made, by its emitter's clock.</summary>
    public DateTimeOffset Started => Records[0].Record.Time;

    /// <summary>When the last record was made.</summary>
    public DateTimeOffset Ended => Records[^1].Record.Time;

    /// <summary>The root's outcome; "open" while it has none.</summary>
    public string Status => Root?.Status ?? "open";

    /// <summary>What is not closed: acts without an outcome, and emitters that have not ended their part.</summary>
    public IEnumerable<string> Open =>
        Actions.Where(action => action.Status is null).Select(action => $"{action.Type} {action.Resource} by {action.Actor.Id} has no outcome")
            .Concat(Tasks.Where(task => task.Ended is null).Select(task => $"{task.Issuer} (stream {task.Stream}) has not ended its part"));

    /// <summary>Reconstructs a trail.</summary>
    /// <exception cref="ArgumentException">There is no record.</exception>
    public static Trail From(IEnumerable<TrailRecord> records)
    {
        var ordered = records.OrderBy(record => record.Record.Time).ThenBy(record => record.Statement).ThenBy(record => record.Record.Seq).ToList();
        if (ordered.Count == 0)
        {
            throw new ArgumentException("a trail has at least one record", nameof(records));
        }

        var reader = new TrailReader();
        ordered.ForEach(reader.Take);
        return new Trail(ordered[0].Record.Trace, ordered)
        {
            Tasks = reader.Tasks,
            Delegations = reader.Delegations,
            Contexts = reader.Contexts,
            Actions = reader.Actions,
            Authority = reader.Authority,
            Gaps = reader.Gaps,
        };
    }
}
