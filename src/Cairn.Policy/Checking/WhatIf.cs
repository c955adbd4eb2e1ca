using Cairn.Policy.Bundles;
using Cairn.Policy.Engine;
using Cairn.Policy.Evaluation;

namespace Cairn.Policy.Checking;

/// <summary>Decisions of one agent about one tool that would come out otherwise.</summary>
/// <param name="Agent">The workload.</param>
/// <param name="Action">The kind of act.</param>
/// <param name="Server">The server.</param>
/// <param name="Name">The tool, method or program.</param>
/// <param name="Was">What was decided.</param>
/// <param name="Becomes">What would be.</param>
/// <param name="Reason">Why, by the new bundle.</param>
/// <param name="WasBy">Ids of the policies that decided then, in order, with commas; empty: none did.</param>
/// <param name="BecomesBy">Ids of the policies that would decide.</param>
public sealed record WhatIfChange(
    string Agent, string Action, string Server, string Name, PolicyOutcome Was, PolicyOutcome Becomes, string Reason, string WasBy, string BecomesBy)
{
    /// <summary>The tool, method or program with its server.</summary>
    public string Tool => $"{Action} {(Server.Length > 0 ? Server + "/" : "")}{Name}";
}

/// <summary>Changes of one agent, one tool, or one pair of policies (the one that decided then, the one that would).</summary>
/// <param name="Name">Which.</param>
/// <param name="Changes">Decisions that would be others, by what they were and what they become; most frequent first.</param>
public sealed record WhatIfGroup(string Name, IReadOnlyList<(PolicyOutcome Was, PolicyOutcome Becomes, int Count)> Changes);

/// <summary>What another bundle would have decided.</summary>
public sealed record WhatIfReport
{
    /// <summary>How many decisions were looked at.</summary>
    public int Decisions { get; init; }

    /// <summary>How many could be decided anew.</summary>
    public int Recomputed { get; init; }

    /// <summary>Changes, with how many decisions each is about and the record of the first, most frequent first.</summary>
    public IReadOnlyList<(WhatIfChange Change, int Count, string FirstRecord)> Changes { get; init; } = [];

    /// <summary>The changes by agent.</summary>
    public IReadOnlyList<WhatIfGroup> ByAgent => By(change => change.Agent);

    /// <summary>The changes by tool.</summary>
    public IReadOnlyList<WhatIfGroup> ByTool => By(change => change.Tool);

    /// <summary>The changes by the policies that decided then and those that would decide.</summary>
    public IReadOnlyList<WhatIfGroup> ByPolicy => By(change => $"{Named(change.WasBy)} → {Named(change.BecomesBy)}");

    /// <summary>Why decisions could not be decided anew, and how many each reason is about.</summary>
    public IReadOnlyDictionary<string, int> NotRecomputed { get; init; } = new Dictionary<string, int>();

    private static string Named(string policies) => policies.Length == 0 ? "none" : policies;

    private IReadOnlyList<WhatIfGroup> By(Func<WhatIfChange, string> name) =>
    [
        .. from change in Changes
           group change by name(change.Change) into named
           orderby named.Sum(change => change.Count) descending, named.Key
           select new WhatIfGroup(named.Key,
           [
               .. from change in named
                  group change.Count by (change.Change.Was, change.Change.Becomes) into outcome
                  orderby outcome.Sum() descending, outcome.Key.Was, outcome.Key.Becomes
                  select (outcome.Key.Was, outcome.Key.Becomes, outcome.Sum()),
           ]),
    ];
}

/// <summary>Decides recorded history anew under another bundle.</summary>
public static class WhatIf
{
    /// <summary>The reason why a decision stays open whose arguments the new bundle asks for and the old one did not.</summary>
    public const string ArgumentsNotAsked = "the bundle asks for arguments that were not asked for then";

    /// <summary>Decides anew and counts what comes out otherwise.</summary>
    public static async Task<WhatIfReport> RunAsync(PolicyBundle bundle, CedarModule module, IAsyncEnumerable<RecordedDecision> history, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(history);
        using var evaluator = new PolicyEvaluator(bundle, module, instances: 1);
        var changes = new Dictionary<WhatIfChange, (int Count, string First)>();
        var reasons = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var (decisions, recomputed) = (0, 0);
        await foreach (var recorded in history.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            decisions++;
            var (change, why) = Compare(evaluator, recorded);
            if (why is not null)
            {
                reasons[why] = reasons.GetValueOrDefault(why) + 1;
                continue;
            }

            recomputed++;
            if (change is not null)
            {
                var known = changes.GetValueOrDefault(change, (0, recorded.Record));
                changes[change] = (known.Item1 + 1, known.Item2);
            }
        }

        return new WhatIfReport
        {
            Decisions = decisions,
            Recomputed = recomputed,
            Changes = [.. changes.OrderByDescending(c => c.Value.Count).ThenBy(c => c.Value.First, StringComparer.Ordinal).Select(c => (c.Key, c.Value.Count, c.Value.First))],
            NotRecomputed = reasons,
        };
    }

    private static (WhatIfChange? Change, string? WhyNot) Compare(PolicyEvaluator evaluator, RecordedDecision recorded)
    {
        if (recorded.Input is not { } bytes)
        {
            return (null, recorded.WhyNoInput ?? "the input is not there");
        }

        DecisionInput input;
        try
        {
            input = DecisionInput.Read(bytes);
        }
        catch (FormatException)
        {
            return (null, "the input is of another form");
        }

        var asked = evaluator.Bundle.Manifest.ArgumentsOf(input.ActionType, input.Server, input.ActionName);
        if (asked is not null && asked.Keys.Any(a => !input.Asked.Contains(a)))
        {
            return (null, ArgumentsNotAsked);
        }

        var evaluation = evaluator.Evaluate(bytes);
        return evaluation.Outcome == recorded.Outcome
            ? (null, null)
            : (new WhatIfChange(input.Principal, input.ActionType, input.Server, input.ActionName, recorded.Outcome, evaluation.Outcome,
                evaluation.Errors.Count > 0 ? evaluation.Errors[0] : evaluation.Reason,
                string.Join(", ", recorded.Determining), string.Join(", ", evaluation.Determining)), null);
    }
}
