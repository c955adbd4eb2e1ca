using Cairn.Evidence;

namespace Cairn.Trails.Findings;

/// <summary>Whether it was decided before the act, and whether the act kept to it.</summary>
internal static class DecisionRules
{
    public static readonly Rule NoDecision = new("authority.no_decision", Severity.High, "An action was done without a decision although a policy was in force", trail =>
        from action in trail.Trail.Actions
        where action.WasDone && trail.HasPolicy(action.Stream) && trail.Trail.Find.DecisionOf(action) is null
        select new Miss(TrailCase.Name(action), "a policy.decided about it", action.Decision is null ? "none" : $"none: the decision {action.Decision} that it names is not in the trail", action.Request))
    { RestsOnAbsence = true };

    public static readonly Rule ActAfterDeny = new("authority.act_after_deny", Severity.Critical, "An action was done that had been denied", trail =>
        from decision in trail.Trail.Authority.Decisions
        where decision is { Outcome: "deny", Binds: true }
        let action = trail.Trail.Find.Action(decision.Action)
        where action is { WasDone: true }
        select new Miss(TrailCase.Name(action), "a refusal, as decided", $"the status {action.Status}", new[] { action.Request, decision.Record }.Concat(Completion(action))));

    public static readonly Rule DecisionAfterAct = new("authority.decision_after_act", Severity.High, "An action was decided on only after it had been requested", trail =>
        from action in trail.Trail.Actions
        let decision = trail.Trail.Find.Decision(action.Decision)
        where decision is not null && IsLate(trail, decision, action)
        select new Miss(TrailCase.Name(action), "a decision before the act", decision.Stream == action.Stream
            ? $"the decision at ordinal {decision.Seq}, the request at ordinal {action.Seq}"
            : $"the decision {(decision.Time - action.Requested).TotalSeconds:0.###} s after the request", action.Request, decision.Record));

    public static readonly Rule Differs = new("authority.decision_differs", Severity.High, "A recorded decision is not what its input, bundle and engine give", trail =>
        from recomputed in trail.Recomputed
        let decision = trail.Trail.Find.Decision(recomputed.Record)
        where decision is not null
        let action = trail.Trail.Find.Action(decision.Action)
        select new Miss(action is null ? "a decision" : $"the decision about {TrailCase.Name(action)}", recomputed.Expected, recomputed.Found, new[] { decision.Record }.Concat(action is null ? [] : [action.Request])));

    private static bool IsLate(TrailCase trail, TrailDecision decision, TrailAction action) =>
        decision.Stream == action.Stream ? decision.Seq > action.Seq : trail.IsAfter(decision.Time, action.Requested);

    private static IEnumerable<RecordId> Completion(TrailAction action) => action.Completion is { } completion ? [completion] : [];
}
