namespace Cairn.Trails.Findings;

/// <summary>Every rule, in the order of docs/findings.md, which says of each what it means and what to do.</summary>
public static class RuleCatalogue
{
    /// <summary>The rules.</summary>
    public static IReadOnlyList<Rule> All { get; } =
    [
        CauseRules.Orphan, CauseRules.NoRoot, CauseRules.SecondRoot, CauseRules.Cycle,
        PairRules.OpenSpan, PairRules.MissingCounterpart,
        SequenceRules.Gap, SequenceRules.Count, SequenceRules.Repeated,
        TimeRules.LateDeclaration, TimeRules.TimeOrder,
        DecisionRules.NoDecision, DecisionRules.ActAfterDeny, DecisionRules.DecisionAfterAct, DecisionRules.Differs,
        ApprovalRules.Missing, ApprovalRules.Stale, ApprovalRules.OtherDigest, ApprovalRules.Reused,
        DelegationRules.Wider, DelegationRules.OutsideScope, DelegationRules.Expired, DelegationRules.TooDeep, DelegationRules.NotTheDelegate,
        LifetimeRules.Unknown, LifetimeRules.BeforeIssue, LifetimeRules.AfterExpiry, LifetimeRules.AfterRevocation, LifetimeRules.LongLived, LifetimeRules.IssuedTwice,
        HolderRules.OutsideScope, HolderRules.OutsideAudience, HolderRules.AnotherKey, HolderRules.AnotherWorkload, HolderRules.SharedByAgents, HolderRules.SharedByTasks,
        ToolRules.NotInManifest, ToolRules.ManifestChanged, ToolRules.UnmanagedServer,
        ReachRules.DirectShell, ReachRules.UnexpectedEgress,
        EmitterRules.UnknownEmitter, EmitterRules.CaptureWeaker, EmitterRules.DeclaredGap,
        EffectRules.Contradicted, EffectRules.WithoutAction, EffectRules.Unconfirmed,
    ];

    /// <summary>The rule with an id; null: there is none.</summary>
    public static Rule? Find(string id) => All.FirstOrDefault(rule => rule.Id == id);

    /// <summary>The rules that a text selects: an id, or a group's name; empty: none.</summary>
    public static IReadOnlyList<Rule> Select(string text) => [.. All.Where(rule => rule.Id == text || rule.Group == text)];

    /// <summary>All findings in a case, in the order of the catalogue.</summary>
    public static IEnumerable<Finding> Check(TrailCase trail, IReadOnlyList<Rule>? rules = null) => (rules ?? All).SelectMany(rule => rule.Run(trail));
}
