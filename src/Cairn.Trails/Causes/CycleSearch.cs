namespace Cairn.Trails;

/// <summary>Finds strongly connected groups (Tarjan, SIAM J. Comput. 1 (1972) 146), with a stack of its own: trails may be deep.</summary>
internal static class CycleSearch
{
    /// <summary>The groups of more than one span that reach each other, in the order of the spans given.</summary>
    public static List<IReadOnlyList<TrailSpan>> Find(IReadOnlyList<TrailSpan> spans, Func<TrailSpan, IReadOnlyList<TrailSpan>> next)
    {
        var index = new Dictionary<TrailSpan, int>();
        var low = new Dictionary<TrailSpan, int>();
        var open = new HashSet<TrailSpan>();
        var stack = new Stack<TrailSpan>();
        var place = new Dictionary<TrailSpan, int>();
        for (var i = 0; i < spans.Count; i++)
        {
            place[spans[i]] = i;
        }

        var groups = new List<IReadOnlyList<TrailSpan>>();
        foreach (var start in spans)
        {
            if (index.ContainsKey(start))
            {
                continue;
            }

            var path = new Stack<(TrailSpan Span, int Child)>();
            path.Push((start, 0));
            while (path.TryPop(out var at))
            {
                var (span, child) = at;
                if (child == 0)
                {
                    index[span] = low[span] = index.Count;
                    stack.Push(span);
                    open.Add(span);
                }

                var children = next(span);
                if (child > 0)
                {
                    low[span] = Math.Min(low[span], low[children[child - 1]]);
                }

                // What is closed already is no part of this group.
                while (child < children.Count && (!place.ContainsKey(children[child]) || index.ContainsKey(children[child])))
                {
                    if (open.Contains(children[child]))
                    {
                        low[span] = Math.Min(low[span], index[children[child]]);
                    }

                    child++;
                }

                if (child < children.Count)
                {
                    path.Push((span, child + 1));
                    path.Push((children[child], 0));
                }
                else if (low[span] == index[span])
                {
                    Close(span, stack, open, place, groups);
                }
            }
        }

        return groups;
    }

    private static void Close(TrailSpan span, Stack<TrailSpan> stack, HashSet<TrailSpan> open, Dictionary<TrailSpan, int> place, List<IReadOnlyList<TrailSpan>> groups)
    {
        var group = new List<TrailSpan>();
        TrailSpan member;
        do
        {
            member = stack.Pop();
            open.Remove(member);
            group.Add(member);
        }
        while (member != span);
        if (group.Count > 1)
        {
            groups.Add([.. group.OrderBy(one => place[one])]);
        }
    }
}
