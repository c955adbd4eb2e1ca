using Cairn.Evidence;
using Cairn.Trails;

namespace Cairn.Cli.Investigate;

/// <summary>Under which authority a trail's acts were done, in sentences for the terminal.</summary>
internal static class AuthorityScreen
{
    /// <summary>The sentences; none where the trail has no record of policies, approvals or credentials.</summary>
    public static IEnumerable<string> Lines(Trail trail)
    {
        var authority = trail.Authority;
        foreach (var policy in authority.Policies.DistinctBy(policy => (policy.Digest, policy.Mode, policy.IsLoaded)))
        {
            var name = string.Join(' ', new[] { policy.Name, policy.Version, Short(policy.Digest) }.Where(part => part is not null));
            yield return policy.IsLoaded
                ? $"policy {name}: {(policy.Mode == "shadow" ? "in shadow, its decisions are recorded and do not bind" : "enforced")}"
                : $"policy {name}: rejected ({string.Join("; ", policy.Errors)}); what was in use stayed";
        }

        if (authority.Decisions.Count > 0)
        {
            yield return $"decisions: {string.Join(", ", authority.Decisions.GroupBy(decision => (decision.Outcome, decision.Binds)).Select(group => $"{group.Count()} {group.Key.Outcome}{(group.Key.Binds ? "" : " (shadow)")}"))}";
        }

        foreach (var decision in authority.Decisions.Where(decision => decision is { Outcome: "deny", Binds: true }))
        {
            yield return $"denied {ActOf(trail, decision.Action)}: {By(decision)} (record {decision.Record})";
        }

        foreach (var approval in authority.Approvals)
        {
            yield return $"{ActOf(trail, approval.Action)}: {Answer(approval)} (record {approval.Recorded ?? approval.Request})";
        }

        foreach (var credential in authority.Credentials)
        {
            yield return $"credential {Short(credential.Id)}: {Holder(credential)}; {Life(credential)}";
        }

        foreach (var refusal in authority.Refusals)
        {
            yield return $"credential refused, {refusal.Error}: {refusal.Reason} (record {refusal.Record})";
        }
    }

    /// <summary>What a record about authority says in one row of the timeline; null: it is none.</summary>
    public static (string What, string Outcome)? Row(Trail trail, RecordId record)
    {
        if (trail.Find.Decision(record) is { } decided)
        {
            return ($"policy.decided {ActOf(trail, decided.Action)}", decided.Binds ? decided.Outcome : $"{decided.Outcome} (shadow)");
        }

        if (trail.Find.Question(record) is { } asked)
        {
            return ($"approval.requested {ActOf(trail, asked.Action)}", "");
        }

        if (trail.Find.Answer(record) is { } answered)
        {
            return ($"approval.recorded by {answered.Approver}", answered.Answer ?? "");
        }

        return trail.Find.Refusal(record) is { } refused ? ($"credential.refused {string.Join(' ', refused.Scope)}", refused.Error) : null;
    }

    private static string ActOf(Trail trail, RecordId? request) =>
        trail.Find.Action(request) is { } action ? action.ShortResource : "an action that is not in the trail";

    private static string By(TrailDecision decision)
    {
        var why = decision.Errors.Count > 0 ? string.Join("; ", decision.Errors) : decision.Reason;
        return decision.Determining.Count == 0 ? why ?? "no policy permits it" : $"policy {string.Join(", ", decision.Determining)}{(why is null ? "" : $", {why}")}";
    }

    private static string Answer(TrailApproval approval)
    {
        var asked = approval.Approvers.Count == 0 ? "" : $", asked of {string.Join(" or ", approval.Approvers)}";
        return approval.Answer switch
        {
            null => $"approval asked for{asked}, not answered",
            "expired" => $"approval expired{asked}: nobody answered",
            "withdrawn" => $"approval withdrawn{asked}",
            _ => $"{approval.Answer} by {approval.Approver} ({approval.Authenticated}) after {(approval.Answered - approval.Asked)?.TotalSeconds:0.0} s{asked}",
        };
    }

    private static string Holder(TrailCredential credential)
    {
        var holder = credential.Actors.Count > 0 && credential.Actors[0] != credential.Subject ? $"{credential.Actors[0]} on behalf of {credential.Subject}" : credential.Subject ?? "a subject that this trail does not name";
        var grants = credential.Scope.Count == 0 ? "" : $", {string.Join(' ', credential.Scope)} at {string.Join(' ', credential.Audience)}";
        return $"{holder}{grants}{(credential.ExchangedFor is { } parent ? $", from {Short(parent)}" : "")}";
    }

    private static string Life(TrailCredential credential)
    {
        var issued = credential.Issued is { } from ? $"issued {from.UtcDateTime:HH:mm:ss}{(credential.Expires is { } until ? $" for {(until - from).TotalSeconds:0} s" : "")}" : "issued outside this trail";
        var ended = credential.Ending is null ? "" : $", {credential.Ending} {credential.Ended?.UtcDateTime:HH:mm:ss}{(credential.Reason is { Length: > 0 } why ? $" ({why})" : "")}";
        return $"{issued}, used {(credential.Uses.Count == 1 ? "once" : $"{credential.Uses.Count} times")}{ended}";
    }

    private static string? Short(string? text) => text is null ? null : text.Length > 20 ? $"{text[..(text.StartsWith("sha256:", StringComparison.Ordinal) ? 19 : 12)]}…" : text;
}
