using Cairn.Evidence;

namespace Cairn.Trails;

/// <summary>A span of a trail: a node of its causal graph.</summary>
public sealed class TrailSpan
{
    private List<SpanId>? _others;

    internal TrailSpan(SpanId id, RecordId record, DateTimeOffset time) => (Id, Record, Time) = (id, record, time);

    /// <summary>The span.</summary>
    public SpanId Id { get; }

    /// <summary>The first record that speaks of it.</summary>
    public RecordId Record { get; }

    /// <summary>The time of that record.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>The span that caused it, as the first record says that names one; null: none does.</summary>
    public SpanId? Parent { get; private set; }

    /// <summary>All spans that records name as its cause: more than one where branches join.</summary>
    public IEnumerable<SpanId> Parents => Parent is { } parent ? [parent, .. _others ?? []] : [];

    /// <summary>The task that starts here; null: none.</summary>
    public TrailTask? Task { get; internal set; }

    /// <summary>The delegation under which what stands below was done; null: none.</summary>
    public Delegation? Delegation { get; internal set; }

    internal void CausedBy(SpanId parent)
    {
        if (parent == Id)
        {
            // A span that names itself is a cycle of one, and is told as such.
            IsOwnParent = true;
        }
        else if (Parent is null)
        {
            Parent = parent;
        }
        else if (Parent != parent && _others?.Contains(parent) != true)
        {
            (_others ??= []).Add(parent);
        }
    }

    internal bool IsOwnParent { get; private set; }

    /// <summary>While the graph is put in order: how many of its causes are not placed yet.</summary>
    internal int Waiting { get; set; }

    internal int CountParents(Dictionary<SpanId, TrailSpan> among)
    {
        var count = Parent is { } parent && among.ContainsKey(parent) ? 1 : 0;
        return _others is null ? count : count + _others.Count(among.ContainsKey);
    }
}
