namespace Cairn.Trails.Findings;

/// <summary>Whether emitters are known, and kept and told what they should have.</summary>
internal static class EmitterRules
{
    private const string Capture = "capture:";
    private static readonly string[] Levels = ["none", "redacted", "full"];

    public static readonly Rule UnknownEmitter = new("evidence.unknown_emitter", Severity.High, "Evidence is by an emitter that the trust policy does not name", trail =>
        trail.Options.Trust is not { } trust ? [] :
            from stream in trail.Streams.Values
            let issuer = stream[0].Issuer
            where trust.RuleFor(issuer) is null && !trust.Emitters.Any(rule => rule.SubjectPublicKeyInfo is not null && rule.Covers(issuer))
            group stream by issuer into streams
            orderby streams.Key.ToString()
            select new Miss($"the emitter {streams.Key}", "an emitter line of the trust policy", $"none for its {streams.Sum(stream => stream.Count)} records", streams.Select(stream => stream[0].Record.Id)) { IsAboutSubject = true });

    public static readonly Rule CaptureWeaker = new("evidence.capture_weaker", Severity.Medium, "Less was kept than the policy asked for", trail =>
        from action in trail.Trail.Actions
        let decision = trail.Trail.Find.Decision(action.Decision)
        where decision is { Binds: true } && action.InputKept is not null
        let asked = decision.Obligations.Where(obligation => obligation.StartsWith(Capture, StringComparison.Ordinal)).Select(obligation => obligation[Capture.Length..]).FirstOrDefault()
        where Array.IndexOf(Levels, asked) > Array.IndexOf(Levels, action.InputKept)
        select new Miss(TrailCase.Name(action), $"content that is kept {asked}", action.InputKept!, action.Request, decision.Record));

    public static readonly Rule DeclaredGap = new("evidence.declared_gap", Severity.Medium, "An emitter says that evidence is lost or was refused", trail =>
        from gap in trail.Trail.Gaps
        select new Miss("the trail's evidence", "no declared gap", $"{(gap.Count == 0 ? "an unknown number" : $"{gap.Count}")}, {gap.Reason}{(gap.Detail is null ? "" : $": {gap.Detail}")}", gap.Record));
}
