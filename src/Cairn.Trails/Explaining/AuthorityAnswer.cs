using Cairn.Evidence;

namespace Cairn.Trails.Explaining;

/// <summary>Under which authority it was done: chain, decision, approval, credential.</summary>
internal static class AuthorityAnswer
{
    public static IEnumerable<Sentence> Of(Trail trail)
    {
        var chains = new AuthorityChains(trail);
        return Chains(trail, chains).Concat(Decisions(trail)).Concat(Approvals(trail)).Concat(Credentials(trail));
    }

    private static IEnumerable<Sentence> Chains(Trail trail, AuthorityChains chains)
    {
        foreach (var (link, actions) in trail.Actions.GroupBy(action => AuthorityChains.NearestDelegation(chains.Link(action.Parent)) ?? Top(chains.Link(action.Parent))).Select(group => (group.Key, group.ToList())))
        {
            var authority = chains.Of(actions[0]);
            var who = authority.Initiator is { } initiator ? Say.Or(initiator.Principal, "a principal that is not named") : null;
            if (who is null)
            {
                yield return Say.Unknown($"On whose authority {Count(actions)} done can't be told: the chain does not reach a start without a cause.", actions.Select(action => action.Request));
                continue;
            }

            var over = authority.Chain.Where(step => step.Delegation is not null).Select(step => step.Delegation!.To).ToList();
            yield return Say.Known(
                over.Count == 0 ? $"{Count(actions)} done on the authority of {who}, directly."
                    : $"{Count(actions)} done on the authority of {who}, delegated to {string.Join(", then ", over)}; the rights left along that chain: {link!.Scope}.",
                authority.Chain.Select(step => step.Record).Concat(actions.Select(action => action.Request)));
            var late = actions.Where(action => chains.Of(action).Invalid.Count > 0).ToList();
            if (over.Count > 0 && late.Count > 0)
            {
                yield return Say.Known($"{late.Count} of them were requested when a delegation of that chain was over.", late.Select(action => action.Request));
            }
        }
    }

    private static IEnumerable<Sentence> Decisions(Trail trail)
    {
        foreach (var group in trail.Actions.GroupBy(action => trail.Find.DecisionOf(action) is { } decision ? (decision.Outcome, decision.Binds, decision.Bundle, decision.Version, By: string.Join(", ", decision.Determining)) : default))
        {
            var actions = group.ToList();
            if (group.Key == default)
            {
                yield return Say.Unknown($"Whether {Count(actions)} allowed by a policy can't be told: no decision is recorded.", actions.Select(action => action.Request));
                continue;
            }

            yield return Say.Known(
                $"For {(actions.Count == 1 ? "one action" : $"{actions.Count} actions")} the decision was {group.Key.Outcome}{(group.Key.Binds ? "" : " (in shadow, not binding)")}, by {Say.Or(group.Key.By, "no policy in particular")} of policy bundle {group.Key.Version} ({Say.Short(group.Key.Bundle)}).",
                actions.SelectMany(action => new[] { trail.Find.DecisionOf(action)!.Record, action.Request }));
        }
    }

    private static IEnumerable<Sentence> Approvals(Trail trail) =>
        from approval in trail.Authority.Approvals
        let about = trail.Find.Action(approval.Action) is { } action ? $"{action.Type} {action.ShortResource}" : "an action that is not in the trail"
        select approval.Answer is null
            ? Say.Unknown($"Approval of {about} was asked of {string.Join(" or ", approval.Approvers)}; no answer is recorded.", approval.Request)
            : Say.Known($"{about}: {approval.Answer} by {Say.Or(approval.Approver ?? "", "nobody")} ({Say.Or(approval.Authenticated ?? "", "not authenticated")}).", approval.Request, approval.Recorded!.Value);

    private static IEnumerable<Sentence> Credentials(Trail trail)
    {
        foreach (var credential in trail.Authority.Credentials)
        {
            var holder = credential.Actors.Count > 0 ? credential.Actors[0] : credential.Subject ?? "a holder that the trail does not name";
            var life = credential.Issued is { } issued ? $"issued at {Say.Time(issued)}{(credential.Expires is { } end ? $" until {Say.Time(end)}" : "")}" : "issued outside of this trail";
            var ended = credential.Ending is { } ending ? $"; {ending} at {Say.Time(credential.Ended!.Value)}" : "";
            var permits = credential.IssueRecord is null ? "" : $", for {Scope.Of(credential.Scope)} at {string.Join(' ', credential.Audience)}";
            yield return Say.Known(
                $"The credential {credential.Id} of {holder}{permits} was {life} and used {Say.Times(credential.Uses.Count)}{ended}.",
                new[] { credential.IssueRecord ?? credential.Record }.Concat(credential.Uses.Select(use => use.Record)).Concat(credential.EndRecord is { } record ? [record] : []));
        }

        var without = trail.Actions.Where(action => action is { WasDone: true, Credential: null }).ToList();
        if (without.Count > 0)
        {
            yield return Say.Unknown($"With which credential {Count(without)} done can't be told: none is named.", without.Select(action => action.Request));
        }

        foreach (var refusal in trail.Authority.Refusals)
        {
            yield return Say.Known($"A credential for {Scope.Of(refusal.Scope)} was refused: {refusal.Error}, {refusal.Reason}.", refusal.Record);
        }
    }

    private static string Count(List<TrailAction> actions) => actions.Count == 1 ? "one action was" : $"{actions.Count} actions were";

    private static AuthorityLink? Top(AuthorityLink? link)
    {
        while (link?.Above is { } above)
        {
            link = above;
        }

        return link;
    }
}
