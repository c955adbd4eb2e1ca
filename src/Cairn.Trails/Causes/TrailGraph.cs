using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails;

/// <summary>
/// What caused what in a trail: spans with their causes. It should be a directed acyclic graph from one root; what is
/// otherwise (orphans, several roots, cycles) is named and never followed forever.
/// </summary>
public sealed class TrailGraph
{
    private readonly Dictionary<SpanId, TrailSpan> _spans;
    private readonly Dictionary<SpanId, List<TrailSpan>> _children = [];

    private TrailGraph(Dictionary<SpanId, TrailSpan> spans)
    {
        _spans = spans;
        foreach (var span in spans.Values)
        {
            foreach (var parent in span.Parents)
            {
                if (!_children.TryGetValue(parent, out var children))
                {
                    _children[parent] = children = [];
                }

                children.Add(span);
            }
        }

        (InOrder, Cycles) = Sort();
    }

    /// <summary>Every span, causes before what they caused; those on a cycle, and what hangs on one, stand at the end.</summary>
    public IReadOnlyList<TrailSpan> InOrder { get; }

    /// <summary>The cycles: groups of spans that are each other's cause, directly or over others.</summary>
    public IReadOnlyList<IReadOnlyList<TrailSpan>> Cycles { get; }

    /// <summary>The spans that nothing in the trail caused.</summary>
    public IEnumerable<TrailSpan> Roots => InOrder.Where(span => span.Parent is null);

    /// <summary>A span by its id; null where no record speaks of it.</summary>
    public TrailSpan? Find(SpanId? span) => span is { } id ? _spans.GetValueOrDefault(id) : null;

    /// <summary>What a span caused directly, by time.</summary>
    public IReadOnlyList<TrailSpan> ChildrenOf(SpanId span) => _children.TryGetValue(span, out var children) ? children : [];

    /// <summary>Spans that are named as a cause and of which no record speaks, with those that name them.</summary>
    public IEnumerable<(SpanId Missing, IReadOnlyList<TrailSpan> Children)> Orphans =>
        from pair in _children
        where !_spans.ContainsKey(pair.Key)
        orderby pair.Value[0].Time, pair.Key
        select (pair.Key, (IReadOnlyList<TrailSpan>)pair.Value);

    internal static TrailGraph Of(Trail trail)
    {
        var spans = new Dictionary<SpanId, TrailSpan>();
        TrailSpan Span(SpanId id, Record record)
        {
            if (!spans.TryGetValue(id, out var span))
            {
                spans[id] = span = new TrailSpan(id, record.Id, record.Time);
            }

            return span;
        }

        foreach (var entry in trail.Records)
        {
            var record = entry.Record;
            var span = Span(record.Span, record);
            if (record.Parent is { } parent)
            {
                span.CausedBy(parent);
            }
            else if (record.Kind is RecordKinds.ActionRequested or RecordKinds.DelegationGranted && record.Task is { } task && task != record.Span)
            {
                span.CausedBy(task);
            }
        }

        foreach (var task in trail.Tasks)
        {
            spans[task.Span].Task ??= task;
        }

        foreach (var delegation in trail.Delegations)
        {
            var span = Span(delegation.Span, trail.Find.Record(delegation.Record)!.Record);
            span.Delegation ??= delegation;
            if (delegation.Parent is { } giver)
            {
                span.CausedBy(giver);
            }
        }

        return new TrailGraph(spans);
    }

    private static int Compare(TrailSpan one, TrailSpan other) => one.Time != other.Time ? one.Time.CompareTo(other.Time) : one.Id.CompareTo(other.Id);

    private (IReadOnlyList<TrailSpan> InOrder, IReadOnlyList<IReadOnlyList<TrailSpan>> Cycles) Sort()
    {
        var byTime = _spans.Values.ToArray();
        Array.Sort(byTime, Compare);
        foreach (var children in _children.Values)
        {
            children.Sort(Compare);
        }

        // Kahn's method: a span is ready when all its causes are placed. Causes that are not in the trail hold up nothing.
        foreach (var span in byTime)
        {
            span.Waiting = span.CountParents(_spans);
        }

        var ready = new Queue<TrailSpan>(byTime.Where(span => span.Waiting == 0));
        var order = new List<TrailSpan>(byTime.Length);
        while (ready.TryDequeue(out var span))
        {
            order.Add(span);
            foreach (var child in ChildrenOf(span.Id))
            {
                if (--child.Waiting == 0)
                {
                    ready.Enqueue(child);
                }
            }
        }

        var cycles = byTime.Where(span => span.IsOwnParent).Select(span => (IReadOnlyList<TrailSpan>)[span]).ToList();
        if (order.Count < byTime.Length)
        {
            var left = byTime.Where(span => span.Waiting > 0).ToList();
            cycles.AddRange(CycleSearch.Find(left, span => ChildrenOf(span.Id)));
            order.AddRange(left);
        }

        return (order, cycles);
    }
}
