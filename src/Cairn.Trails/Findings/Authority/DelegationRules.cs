namespace Cairn.Trails.Findings;

/// <summary>Whether authority only narrowed as it was handed on, and was used by the delegate while it lasted.</summary>
internal static class DelegationRules
{
    public static readonly Rule Wider = new("authority.scope_wider", Severity.High, "More was handed on than the giver had", trail =>
        (from link in trail.Chains.Delegations
         where link.Wider.Count > 0
         let above = AuthorityChains.NearestDelegation(link.Above)
         select new Miss($"the delegation to {link.Delegation!.To}", $"a scope within {above?.Scope ?? Scope.Unlimited}", string.Join(' ', link.Wider),
             new[] { link.Record }.Concat(above is null ? [] : [above.Record])))
        .Concat(
            from issued in trail.Trail.Authority.Credentials
            where issued.IssueRecord is not null && issued.ExchangedFor is not null
            let parent = trail.Credentials.Find(issued.ExchangedFor!)
            where parent?.IssueRecord is not null
            let wider = Scope.Of(parent.Scope).Beyond(Scope.Of(issued.Scope)).Concat(Scope.Of(parent.Audience).Beyond(Scope.Of(issued.Audience))).ToList()
            where wider.Count > 0
            select new Miss($"the credential {issued.Id}", $"a scope and audience within those of {parent.Id}, which it was exchanged for", string.Join(' ', wider), issued.IssueRecord!.Value, parent.IssueRecord!.Value)));

    public static readonly Rule OutsideScope = new("authority.outside_scope", Severity.High, "A tool was called that the delegation does not permit", trail =>
        from action in Under(trail)
        let link = trail.Chains.Link(action.Parent)
        where action.Tool is { } tool && link.Scope.PermitsTool(tool) == false
        select new Miss(TrailCase.Name(action), $"a tool within {link.Scope}", $"tool:{action.Tool}", action.Request, AuthorityChains.NearestDelegation(link)!.Record));

    public static readonly Rule Expired = new("authority.delegation_ended", Severity.High, "An agent acted under a delegation that was over", trail =>
        from action in Under(trail)
        let link = OverBefore(trail, action)
        where link is not null
        select new Miss(
            TrailCase.Name(action), "a delegation that holds",
            IsOver(trail, link.Delegation!.Expires, action) ? $"one to {link.Delegation.To} that expired at {link.Delegation.Expires!.Value.UtcDateTime:O}" : $"one to {link.Delegation.To} that ended at {link.Delegation.Ended!.Value.UtcDateTime:O}",
            action.Request, link.Record, link.Delegation.EndRecord ?? link.Record));

    public static readonly Rule TooDeep = new("authority.too_deep", Severity.Medium, "Authority was handed on more often than allowed", trail =>
        from link in trail.Chains.Delegations
        where link.Depth == trail.Options.MaxDelegationDepth + 1
        select new Miss($"the delegation to {link.Delegation!.To}", $"at most {trail.Options.MaxDelegationDepth} delegations in a chain", $"{link.Depth}", link.Record));

    public static readonly Rule NotTheDelegate = new("authority.not_the_delegate", Severity.High, "An agent acted under a delegation to another", trail =>
        from action in Under(trail)
        let delegation = AuthorityChains.NearestDelegation(trail.Chains.Link(action.Parent))!.Delegation!
        where delegation.To != action.Actor.Id.ToString()
        select new Miss(TrailCase.Name(action), $"an action by {delegation.To}, to whom authority was given", action.Actor.Id.ToString(), action.Request, delegation.Record));

    private static IEnumerable<TrailAction> Under(TrailCase trail) =>
        trail.Trail.Delegations.Count == 0 ? [] : trail.Trail.Actions.Where(action => action.WasDone && trail.Chains.Link(action.Parent)?.Depth > 0);

    private static bool IsOver(TrailCase trail, DateTimeOffset? end, TrailAction action) => end is { } over && trail.IsAfter(action.Requested, over);

    // The nearest delegation that was over. A chain that holds costs one look, however deep it is.
    private static AuthorityLink? OverBefore(TrailCase trail, TrailAction action)
    {
        var link = trail.Chains.Link(action.Parent);
        while (link is not null && IsOver(trail, link.FirstEnd, action))
        {
            if (link.Delegation is { } delegation && (IsOver(trail, delegation.Ended, action) || IsOver(trail, delegation.Expires, action)))
            {
                return link;
            }

            link = link.Above;
        }

        return null;
    }
}
