using Cairn.Evidence;
using Cairn.Trails.Findings;

namespace Cairn.Trails.Tests.Findings;

/// <summary>What a rule is tried with: a story with the thing that it looks for, and the same story without it.</summary>
/// <param name="Tell">Tells the story; where the flag is false, as near to the finding as can be without it.</param>
internal sealed record RuleCase(Action<TrailStory, bool> Tell)
{
    /// <summary>What is taken for granted.</summary>
    public CheckOptions Options { get; init; } = new();

    /// <summary>Whether the whole ledger's credentials are known.</summary>
    public bool KnowsLedger { get; init; }

    /// <summary>Whether the credential c1 was used in another trail too.</summary>
    public Func<bool, bool> UsedElsewhere { get; init; } = _ => false;

    /// <summary>What recomputing decisions gave.</summary>
    public Func<Trail, bool, IReadOnlyList<RecomputedDecision>> Recomputed { get; init; } = (_, _) => [];

    /// <summary>The findings.</summary>
    public IReadOnlyList<Finding> Findings(bool planted)
    {
        var story = new TrailStory();
        Tell(story, planted);
        var elsewhere = UsedElsewhere(planted)
            ? new CredentialHolding(TraceId.New(), SpiffeId.Parse(TrailStory.Agent("a")), RecordId.New(TrailStory.Start))
            : (CredentialHolding?)null;
        var trail = story.Read();
        var book = KnowsLedger || elsewhere is not null ? new WholeBook(trail, elsewhere) : null;
        return [.. RuleCatalogue.Check(new TrailCase(trail, book, Options) { Recomputed = Recomputed(trail, planted) })];
    }
}
