using Cairn.Evidence;

namespace Cairn.Trails.Findings;

/// <summary>Whether what acts claim and what the targets' own logs say agree.</summary>
internal static class EffectRules
{
    public static readonly Rule Contradicted = new("evidence.contradicted_effect", Severity.High, "A target's own log contradicts what an action claims", trail =>
        from effect in trail.Trail.Effects
        let action = trail.Trail.Find.Action(effect.Action)
        where action is not null
        let contradiction = action.WasOk && effect.Status is "denied" or "failed" ? $"{effect.System} says {effect.Status}"
            : action is { Completion: not null, WasDone: false } && effect.Status is "ok" ? $"{effect.System} says that it took effect"
            : action.After is { } claimed && effect.After is { } seen && claimed.Kind == seen.Kind && claimed.Value != seen.Value ? $"{effect.System} says version {seen.Value}"
            : null
        where contradiction is not null
        select new Miss(TrailCase.Name(action), $"the target's log to say what the action claims ({action.Status}{(action.After is { } after ? $", version {after.Value}" : "")})", contradiction, effect.Record, action.Completion ?? action.Request));

    public static readonly Rule WithoutAction = new("evidence.effect_without_action", Severity.High, "A target changed and no action accounts for it", trail =>
        from effect in trail.Trail.Effects
        where trail.Trail.Find.Action(effect.Action) is null
        select new Miss($"{effect.Operation} of {effect.Resource} in {effect.System}", "the action that it belongs to", effect.Action is { } named ? $"none: {named} is not in the trail" : "none that is known", effect.Record))
    { RestsOnAbsence = true };

    public static readonly Rule Unconfirmed = new("evidence.unconfirmed_effect", Severity.Low, "A write was not confirmed although targets' logs are imported", trail =>
    {
        if (trail.Trail.Effects.Count == 0)
        {
            return [];
        }

        var confirmed = trail.Trail.Effects.Select(effect => effect.Action).OfType<RecordId>().ToHashSet();
        return from action in trail.Trail.Actions
               where action is { Writes: true, Status: "ok" } && !confirmed.Contains(action.Request)
               select new Miss(TrailCase.Name(action), "an effect.observed for a write that came out ok", "none", action.Request);
    })
    { RestsOnAbsence = true };
}
