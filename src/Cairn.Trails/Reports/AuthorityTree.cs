using Cairn.Evidence;

namespace Cairn.Trails.Reports;

/// <summary>A row of the delegation graph.</summary>
/// <param name="Depth">How far below the start it stands.</param>
/// <param name="Kind">principal, agent, delegation, tool or more.</param>
/// <param name="Text">What it is.</param>
/// <param name="Detail">More, in a second line; empty: none.</param>
/// <param name="Actions">The acts that it stands for; empty: none.</param>
internal sealed record AuthorityRow(int Depth, string Kind, string Text, string Detail, IReadOnlyList<TrailAction> Actions);

/// <summary>Who acted for whom, and with what: rows, causes first. Many alike are folded and counted.</summary>
internal sealed class AuthorityTree
{
    private const int MostRows = 150;
    private const int MostBelow = 12;
    private const int MostTools = 8;
    private const int MostToolsOfMany = 3;

    private readonly Names _names;
    private readonly int _mostTools;
    private readonly ILookup<AuthorityLink?, AuthorityLink> _below;
    private readonly ILookup<SpanId, TrailTask> _tasks;
    private readonly Dictionary<AuthorityLink, List<TrailAction>> _own = [];
    private readonly List<TrailAction> _unknown = [];
    private readonly List<AuthorityRow> _rows = [];

    private AuthorityTree(Trail trail, Names names)
    {
        _names = names;
        var chains = new AuthorityChains(trail);
        var links = chains.Links.Distinct().ToList();
        _below = links.ToLookup(link => link.Above);
        _mostTools = links.Count > MostBelow ? MostToolsOfMany : MostTools;
        _tasks = trail.Tasks.ToLookup(task => task.Span);
        foreach (var action in trail.Actions)
        {
            var link = chains.Link(action.Parent) ?? chains.Link(action.Span);
            if (link is null)
            {
                _unknown.Add(action);
            }
            else if (_own.TryGetValue(link, out var own))
            {
                own.Add(action);
            }
            else
            {
                _own[link] = [action];
            }
        }
    }

    public static IReadOnlyList<AuthorityRow> Of(Trail trail, Names names)
    {
        var tree = new AuthorityTree(trail, names);
        tree.Build();
        return tree._rows;
    }

    private void Build()
    {
        var open = new Stack<(AuthorityLink? Link, IReadOnlyList<AuthorityLink> Folded, int Depth)>();
        Push(open, null, 0);
        var left = 0;
        while (open.TryPop(out var at))
        {
            if (_rows.Count >= MostRows)
            {
                left += at.Link is null ? at.Folded.Count : 1;
            }
            else if (at.Link is not { } link)
            {
                var actions = at.Folded.SelectMany(Everything).ToList();
                _rows.Add(new AuthorityRow(at.Depth, "more", $"{HtmlText.Count(at.Folded.Count)} more tasks and delegations, folded", Outcomes.Counted(actions), actions));
            }
            else
            {
                Add(link, at.Depth);
                Push(open, link, at.Depth + 1);
            }
        }

        if (left > 0)
        {
            _rows.Add(new AuthorityRow(0, "more", $"{HtmlText.Count(left)} more tasks and delegations are not drawn", "", []));
        }

        if (_unknown.Count > 0)
        {
            _rows.Add(new AuthorityRow(0, "more", "On an authority that can't be told", Outcomes.Counted(_unknown), _unknown));
            AddTools(_unknown, 1);
        }
    }

    private void Push(Stack<(AuthorityLink?, IReadOnlyList<AuthorityLink>, int)> open, AuthorityLink? link, int depth)
    {
        var below = link is null ? _below[null].ToList() : [.. _below[link]];
        var drawn = below.Count > MostBelow ? MostBelow - 1 : below.Count;
        if (drawn < below.Count)
        {
            open.Push((null, below[drawn..], depth));
        }

        for (var i = drawn - 1; i >= 0; i--)
        {
            open.Push((below[i], [], depth));
        }
    }

    private void Add(AuthorityLink link, int depth)
    {
        var own = _own.GetValueOrDefault(link) ?? [];
        if (link.Delegation is { } delegation)
        {
            var end = delegation.Ended is { } ended ? $"ended {HtmlText.Time(ended)}{(delegation.EndReason is { } why ? $", {why}" : "")}" : delegation.Expires is { } expires ? $"until {HtmlText.Time(expires)}" : "without an end";
            _rows.Add(new AuthorityRow(depth, "delegation", $"delegates to {_names.Of(delegation.To)}{(delegation.Purpose.Length == 0 ? "" : $": {delegation.Purpose}")}", $"rights left along the chain: {link.Scope}; {end}", own));
        }
        else
        {
            var task = link.Task!;
            var emitters = _tasks[task.Span].Count();
            var asked = task.Parent is null ? $"asked by {(task.Initiation.Principal is "" or "?" ? "somebody not named" : _names.Of(task.Initiation.Principal))}; " : "";
            _rows.Add(new AuthorityRow(depth, "agent", _names.Of(task.Agent.Id), $"{asked}{task.Status ?? "open"}, told by {_names.Of(task.Issuer)}{(emitters > 1 ? $" and {HtmlText.Count(emitters - 1, "other emitter")}" : "")}", own));
        }

        AddTools(own, depth + 1);
    }

    private void AddTools(List<TrailAction> actions, int depth)
    {
        var tools = actions.GroupBy(RecordWords.Act).Select(group => (Name: group.Key, Calls: group.ToList())).OrderByDescending(tool => tool.Calls.Count).ThenBy(tool => tool.Name, StringComparer.Ordinal).ToList();
        foreach (var (name, calls) in tools.Take(_mostTools))
        {
            _rows.Add(new AuthorityRow(depth, "tool", name, "", calls));
        }

        if (tools.Count > _mostTools)
        {
            var rest = tools.Skip(_mostTools).SelectMany(tool => tool.Calls).ToList();
            _rows.Add(new AuthorityRow(depth, "tool", $"{HtmlText.Count(tools.Count - _mostTools)} more kinds of action", "", rest));
        }
    }

    private IEnumerable<TrailAction> Everything(AuthorityLink link)
    {
        var open = new Stack<AuthorityLink>([link]);
        while (open.TryPop(out var at))
        {
            foreach (var action in _own.GetValueOrDefault(at) ?? [])
            {
                yield return action;
            }

            foreach (var child in _below[at])
            {
                open.Push(child);
            }
        }
    }
}
