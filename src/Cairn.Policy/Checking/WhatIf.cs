using Cairn.Policy.Bundles;
using Cairn.Policy.Engine;
using Cairn.Policy.Evaluation;

namespace Cairn.Policy.Checking;

/// <summary>A decision as it was recorded.</summary>
/// <param name="Record">The record's id.</param>
/// <param name="Outcome">What was decided then.</param>
/// <param name="Input">The exact input document; null when it can't be had.</param>
/// <param name="WhyNoInput">Why it can't, in words; null when it is there.</param>
public sealed record RecordedDecision(string Record, PolicyOutcome Outcome, ReadOnlyMemory<byte>? Input, string? WhyNoInput);

/// <summary>Decisions of one agent about one tool that would come out otherwise.</summary>
/// <param name="Agent">The workload.</param>
/// <param name="Action">The kind of act.</param>
/// <param name="Server">The server.</param>
/// <param name="Name">The tool, method or program.</param>
/// <param name="Was">What was decided.</param>
/// <param name="Becomes">What would be.</param>
/// <param name="Reason">Why, by the new bundle.</param>
public sealed record WhatIfChange(string Agent, string Action, string Server, string Name, PolicyOutcome Was, PolicyOutcome Becomes, string Reason);

/// <summary>What another bundle would have decided.</summary>
public sealed record WhatIfReport
{
    /// <summary>How many decisions were looked at.</summary>
    public int Decisions { get; init; }

    /// <summary>How many could be decided anew.</summary>
    public int Recomputed { get; init; }

    /// <summary>Changes, with how many decisions each is about and the record of the first, most frequent first.</summary>
    public IReadOnlyList<(WhatIfChange Change, int Count, string FirstRecord)> Changes { get; init; } = [];

    /// <summary>Why decisions could not be decided anew, and how many each reason is about.</summary>
    public IReadOnlyDictionary<string, int> NotRecomputed { get; init; } = new Dictionary<string, int>();
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
                evaluation.Errors.Count > 0 ? evaluation.Errors[0] : evaluation.Reason), null);
    }
}
