using Cairn.Evidence;

namespace Cairn.Trails.Findings;

/// <summary>Whether what needed a human's yes had one, in time, for that very action and for it alone.</summary>
internal static class ApprovalRules
{
    public static readonly Rule Missing = new("authority.approval_missing", Severity.Critical, "An action was done that needed approval and had none", trail =>
        from action in Done(trail)
        let decisions = DecisionsOf(trail, action)
        let approval = trail.Trail.Find.ApprovalOf(action)
        where decisions.Any(decision => decision is { Outcome: "needs_approval", Binds: true }) && approval?.Answer != "approved"
        select new Miss(
            TrailCase.Name(action), "an approval.recorded that approves it", approval?.Answer is { } answer ? $"an approval that was {answer}" : approval is null ? "none" : "a question without an answer",
            new[] { action.Request }.Concat(decisions.Select(decision => decision.Record)).Concat(Records(approval))))
    { RestsOnAbsence = true };

    public static readonly Rule Stale = new("authority.approval_stale", Severity.High, "An action rests on an approval that was given too late", trail =>
        from action in Done(trail)
        let approval = trail.Trail.Find.Answer(action.Approval)
        where approval is { Answer: "approved", Answered: not null }
        let answered = approval.Answered!.Value
        let late = approval.Expires is { } end && trail.IsAfter(answered, end) ? $"one given after its question had expired at {end.UtcDateTime:O}"
            : trail.IsAfter(answered, action.Requested) ? $"one given {(answered - action.Requested).TotalSeconds:0.###} s after the act was requested"
            : null
        where late is not null
        select new Miss(TrailCase.Name(action), "an approval in time, before the act", late, new[] { action.Request }.Concat(Records(approval))));

    public static readonly Rule OtherDigest = new("authority.approval_other_action", Severity.Critical, "An action rests on an approval of another action", trail =>
        from action in Done(trail)
        let approval = trail.Trail.Find.Answer(action.Approval)
        where approval is not null
        let other = approval.AskedDigest is { } asked && approval.AnsweredDigest is { } answered && asked != answered ? $"a question about {asked} and an answer for {answered}"
            : approval.Action is { } about && about != action.Request ? $"an approval for the action {about}"
            : null
        where other is not null
        select new Miss(TrailCase.Name(action), "an approval bound to this very action", other, new[] { action.Request }.Concat(Records(approval))));

    public static readonly Rule Reused = new("authority.approval_reused", Severity.High, "One approval serves several actions", trail =>
        from use in Done(trail).Where(action => action.Approval is not null).GroupBy(action => action.Approval!.Value)
        where use.Count() > 1
        select new Miss($"the approval {use.Key}", "one action under it", $"{use.Count()}", new[] { use.Key }.Concat(use.Select(action => action.Request))));

    private static IEnumerable<TrailAction> Done(TrailCase trail) => trail.Trail.Actions.Where(action => action.WasDone);

    private static IReadOnlyList<TrailDecision> DecisionsOf(TrailCase trail, TrailAction action) => trail.Trail.Find.DecisionsAbout(action);

    private static IEnumerable<RecordId> Records(TrailApproval? approval) =>
        approval is null ? [] : approval.Recorded is { } recorded ? [recorded, approval.Request] : [approval.Request];
}
