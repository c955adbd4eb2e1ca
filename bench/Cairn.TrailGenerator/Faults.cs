using Cairn.Evidence.Records;

namespace Cairn.TrailGenerator;

/// <summary>What goes wrong in an agent's part: each is found by a rule, which docs/findings.md describes.</summary>
internal static class Faults
{
    /// <summary>One of them happens.</summary>
    public static IEnumerable<bool> Plant(AgentScript at) => at.Random.Below(10) switch
    {
        0 => at.Call("get_order", decided: false),
        1 => at.Call("update_order", decision: "deny"),
        2 => at.Call("update_order", decision: "needs_approval"),
        3 => at.Call("bash"),
        4 => at.Call("write_file", effect: "denied"),
        5 => at.Call("update_order", effect: null),
        6 => Once(() => at.Trail.Lose(at.Gateway)),
        7 => Once(() => at.Trail.Tell(at.Gateway, RecordKinds.GapDeclared, at.Agent, new Place(at.Random.Span()), Bodies.Gap())),
        8 => Open(at),
        _ => Orphan(at),
    };

    // A request whose outcome nobody tells.
    private static IEnumerable<bool> Open(AgentScript at) => Once(() =>
    {
        var (request, place) = at.Ids();
        at.Request(request, place, "search", false, at.Decide(request, "allow"), "c-nobody-issued-it");
    });

    // An act whose cause is not in the trail.
    private static IEnumerable<bool> Orphan(AgentScript at) => Once(() =>
    {
        var (request, place) = at.Ids();
        var torn = place with { Parent = at.Random.Span() };
        at.Request(request, torn, "search", false, at.Decide(request, "allow"), null);
        at.Complete(request, torn, "search", "ok");
    });

    private static IEnumerable<bool> Once(Action act)
    {
        act();
        yield return true;
    }
}
