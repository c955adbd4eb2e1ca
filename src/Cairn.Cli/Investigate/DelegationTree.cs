using Cairn.Trails;
using Spectre.Console;

namespace Cairn.Cli.Investigate;

/// <summary>Tasks and delegations of a trail as a tree, each below what caused it.</summary>
internal static class DelegationTree
{
    private const int MostNodes = 500;

    /// <summary>The lines of the tree with their depth, causes first: the root is 0.</summary>
    public static IEnumerable<(int Depth, string Text)> Lines(Trail trail)
    {
        var links = new AuthorityChains(trail).Links.ToList();
        var below = links.ToLookup(link => link.Above);
        var beside = trail.Tasks.ToLookup(task => task.Span);
        var stack = new Stack<(AuthorityLink Link, int Depth)>(below[null].Reverse().Select(link => (link, 0)));
        while (stack.TryPop(out var at))
        {
            if (at.Link.Delegation is { } delegation)
            {
                yield return (at.Depth, $"delegation to {PathOf(delegation.To)}: {delegation.Purpose} ({at.Link.Scope}){(delegation.Ended is null ? ", open" : "")}");
            }

            // Several emitters may tell of one task.
            foreach (var task in at.Link.Task is { } own ? beside[own.Span] : [])
            {
                yield return (at.Depth, $"{task.Agent.Id.Path} via {task.Issuer.Path}, {task.Actions} actions, {task.Status ?? "open"}");
            }

            foreach (var child in below[at.Link].Reverse())
            {
                stack.Push((child, at.Depth + 1));
            }
        }
    }

    public static Tree Draw(Trail trail)
    {
        var tree = new Tree(Markup.FromInterpolated($"[bold]Delegation tree[/]"));
        var path = new List<IHasTreeNodes> { tree };
        var left = MostNodes;
        foreach (var (depth, text) in Lines(trail))
        {
            if (left-- == 0)
            {
                tree.AddNode("… and more: --output json has all");
                break;
            }

            path.RemoveRange(depth + 1, path.Count - depth - 1);
            path.Add(path[depth].AddNode(Markup.FromInterpolated($"{text}")));
        }

        return tree;
    }

    private static string PathOf(string id) => Evidence.SpiffeId.TryParse(id, out var spiffe) ? spiffe.Path : id;
}
