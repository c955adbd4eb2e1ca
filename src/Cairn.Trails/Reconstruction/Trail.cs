using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails;

/// <summary>
/// A trail reconstructed from its records: who started it, what context there was, who did what with which tools, and
/// what changed. A pure function of the set of records; their order of arrival does not matter.
/// </summary>
public sealed class Trail
{
    private readonly Lazy<TrailGraph> _graph;
    private readonly Lazy<TrailLookup> _lookup;

    private Trail(TraceId trace, IReadOnlyList<TrailRecord> records)
    {
        (Trace, Records) = (trace, records);
        _graph = new Lazy<TrailGraph>(() => TrailGraph.Of(this));
        _lookup = new Lazy<TrailLookup>(() => new TrailLookup(this));
    }

    /// <summary>The trace id.</summary>
    public TraceId Trace { get; }

    /// <summary>All records, by time, then by stream and ordinal.</summary>
    public IReadOnlyList<TrailRecord> Records { get; }

    /// <summary>Every emitter's part, by time of its start.</summary>
    public required IReadOnlyList<TrailTask> Tasks { get; init; }

    /// <summary>The delegations, in order.</summary>
    public required IReadOnlyList<Delegation> Delegations { get; init; }

    /// <summary>The captured contexts, in order.</summary>
    public required IReadOnlyList<CapturedContext> Contexts { get; init; }

    /// <summary>The acts, by time of request.</summary>
    public required IReadOnlyList<TrailAction> Actions { get; init; }

    /// <summary>What the targets' own logs say, in order.</summary>
    public required IReadOnlyList<ObservedEffect> Effects { get; init; }

    /// <summary>Decisions, approvals and credentials.</summary>
    public required TrailAuthority Authority { get; init; }

    /// <summary>The declared gaps, in order.</summary>
    public required IReadOnlyList<DeclaredGap> Gaps { get; init; }

    /// <summary>The ends whose beginning is not there, in order.</summary>
    public required IReadOnlyList<UnpairedEnd> Unpaired { get; init; }

    /// <summary>How many records the emitters count, in order.</summary>
    public required IReadOnlyList<CountedStream> Counts { get; init; }

    /// <summary>The task that nobody in the trail called: what started it all. Null when its record is missing.</summary>
    public TrailTask? Root => Tasks.FirstOrDefault(task => task.Parent is null) ?? (Tasks.Count > 0 ? Tasks[0] : null);

    /// <summary>When the first record was made, by its emitter's clock.</summary>
    public DateTimeOffset Started => Records[0].Record.Time;

    /// <summary>When the last record was made.</summary>
    public DateTimeOffset Ended => Records[^1].Record.Time;

    /// <summary>The root's outcome; "open" while it has none.</summary>
    public string Status => Root?.Status ?? "open";

    /// <summary>Which span was caused by which.</summary>
    public TrailGraph Graph => _graph.Value;

    /// <summary>The parts by the ids of their records.</summary>
    public TrailLookup Find => _lookup.Value;

    /// <summary>What is not closed: acts without an outcome, and emitters that have not ended their part.</summary>
    public IEnumerable<string> Open =>
        Actions.Where(action => action.Status is null).Select(action => $"{action.Type} {action.Resource} by {action.Actor.Id} has no outcome")
            .Concat(Tasks.Where(task => task.Ended is null).Select(task => $"{task.Issuer} (stream {task.Stream}) has not ended its part"));

    /// <summary>Reconstructs a trail. A record that is there twice, in one stream and with the same bytes, counts once.</summary>
    /// <exception cref="ArgumentException">There is no record.</exception>
    public static Trail From(IEnumerable<TrailRecord> records)
    {
        var ordered = records.ToArray();
        if (ordered.Length == 0)
        {
            throw new ArgumentException("a trail has at least one record", nameof(records));
        }

        Sort(ordered);
        var distinct = new List<TrailRecord>(ordered.Length);
        foreach (var record in ordered)
        {
            if (distinct.Count == 0 || distinct[^1].Stream != record.Stream || !distinct[^1].Record.Bytes.Span.SequenceEqual(record.Record.Bytes.Span))
            {
                distinct.Add(record);
            }
        }

        var reader = new TrailReader();
        reader.Take(distinct);
        return new Trail(distinct[0].Record.Trace, distinct)
        {
            Tasks = reader.Tasks,
            Delegations = reader.Delegations,
            Contexts = reader.Contexts,
            Actions = reader.Actions,
            Effects = reader.Effects,
            Authority = reader.Authority,
            Gaps = reader.Gaps,
            Unpaired = reader.Unpaired,
            Counts = reader.Counts,
        };
    }

    /// <summary>The state of knowledge at an instant: the trail of the records made until then; null when there was none.</summary>
    public Trail? At(DateTimeOffset time) => AtStep(StepAt(time));

    /// <summary>The state of knowledge after so many records, in the order of <see cref="Records"/>; null after none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many.</exception>
    public Trail? AtStep(int step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(step, Records.Count);
        return step == 0 ? null : step == Records.Count ? this : From(Records.Take(step));
    }

    /// <summary>How many records were made until an instant.</summary>
    public int StepAt(DateTimeOffset time) => Records.TakeWhile(record => record.Record.Time <= time).Count();

    // By time first, without looking at a record twice; then those of one instant among themselves.
    private static void Sort(TrailRecord[] records)
    {
        var ticks = new long[records.Length];
        for (var i = 0; i < records.Length; i++)
        {
            ticks[i] = records[i].Record.Time.UtcTicks;
        }

        Array.Sort(ticks, records);
        for (var start = 0; start < records.Length;)
        {
            var end = start + 1;
            while (end < records.Length && ticks[end] == ticks[start])
            {
                end++;
            }

            if (end - start > 1)
            {
                Array.Sort(records, start, end - start, SameInstant);
            }

            start = end;
        }
    }

    private static readonly IComparer<TrailRecord> SameInstant = Comparer<TrailRecord>.Create(Compare);

    // By what the records say, never by where they stand in the ledger: that is their order of arrival.
    private static int Compare(TrailRecord left, TrailRecord right)
    {
        var (a, b) = (left.Record, right.Record);
        var order = left.Stream == right.Stream ? 0 : string.CompareOrdinal(left.Stream.ToString(), right.Stream.ToString());
        order = order != 0 ? order : a.Seq.CompareTo(b.Seq);
        order = order != 0 ? order : a.Id.CompareTo(b.Id);
        return order != 0 ? order : a.Bytes.Span.SequenceCompareTo(b.Bytes.Span);
    }
}
