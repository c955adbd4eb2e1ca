using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails.Reports;

/// <summary>What each record says, in a few words.</summary>
internal sealed class RecordWords
{
    private readonly Trail _trail;
    private readonly Names _names;
    private readonly Dictionary<RecordId, (string What, string? Outcome)> _words = [];

    public RecordWords(Trail trail, Names names)
    {
        (_trail, _names) = (trail, names);
        foreach (var task in trail.Tasks)
        {
            _words.TryAdd(task.Initiation.Record, ($"work of {_names.Of(task.Agent.Id)} begins, asked for by {_names.Of(task.Initiation.Principal)} over {task.Initiation.Channel}", null));
            if (task.EndRecord is { } end)
            {
                _words.TryAdd(end, ($"work of {_names.Of(task.Agent.Id)} ends{(task.Reason is { } why ? $": {why}" : "")}", task.Status));
            }
        }

        foreach (var action in trail.Actions)
        {
            _words.TryAdd(action.Request, ($"{Act(action)} is asked for", null));
            if (action.Completion is { } completion)
            {
                _words.TryAdd(completion, ($"{Act(action)} came out{(action.Error is { } error ? $": {error}" : "")}", action.Status));
            }
        }

        foreach (var delegation in trail.Delegations)
        {
            _words.TryAdd(delegation.Record, ($"{_names.Of(delegation.From)} delegates to {_names.Of(delegation.To)}{(delegation.Purpose.Length == 0 ? "" : $", to {delegation.Purpose}")}: {Scope.Of(delegation.Scope)}", null));
            if (delegation.EndRecord is { } end)
            {
                _words.TryAdd(end, ($"delegation to {_names.Of(delegation.To)} ends", delegation.EndReason));
            }
        }

        foreach (var context in trail.Contexts)
        {
            _words.TryAdd(context.Record, ($"{_names.Of(context.Agent.Id)} has {context.Subject} {context.Name}{(context.Changed ? ", in place of another" : "")}", null));
        }

        foreach (var effect in trail.Effects)
        {
            _words.TryAdd(effect.Record, ($"{effect.System} tells of {effect.Operation} of {effect.Resource}", effect.Status));
        }

        foreach (var gap in trail.Gaps)
        {
            _words.TryAdd(gap.Record, ($"evidence is missing by its emitter's own account: {gap.Reason}, {gap.Count}", "lost"));
        }

        TakeAuthority(trail.Authority);
    }

    /// <summary>What a record says, and the outcome that it tells; null: none.</summary>
    public (string What, string? Outcome) Of(Record record) => _words.TryGetValue(record.Id, out var words) ? words : (record.Kind, null);

    /// <summary>An act: its type, and on what.</summary>
    public static string Act(TrailAction action) => action.Tool is { } tool ? tool : $"{action.Type} {action.ShortResource}";

    private void TakeAuthority(TrailAuthority authority)
    {
        foreach (var policy in authority.Policies)
        {
            _words.TryAdd(policy.Record, ($"policy {policy.Name} {policy.Version} {(policy.IsLoaded ? policy.Mode == "shadow" ? "in use, not binding" : "in force" : "rejected")}", policy.IsLoaded ? null : "rejected"));
        }

        foreach (var decision in authority.Decisions)
        {
            var by = decision.Determining.Count == 0 ? "" : $" by {string.Join(", ", decision.Determining)}";
            _words.TryAdd(decision.Record, ($"decision{by} on {ActOf(decision.Action)}{(decision.Reason is { } why ? $": {why}" : "")}{(decision.Binds ? "" : " (not binding)")}", decision.Outcome));
        }

        foreach (var approval in authority.Approvals)
        {
            if (approval.HasQuestion)
            {
                _words.TryAdd(approval.Request, ($"approval of {ActOf(approval.Action)} is asked of {string.Join(" or ", approval.Approvers.Select(_names.Of))}", null));
            }

            if (approval.Recorded is { } recorded)
            {
                _words.TryAdd(recorded, ($"answer of {_names.Of(approval.Approver ?? "nobody")} ({approval.Authenticated}) on {ActOf(approval.Action)}", approval.Answer));
            }
        }

        foreach (var credential in authority.Credentials)
        {
            if (credential.IssueRecord is { } issue)
            {
                _words.TryAdd(issue, ($"credential {HtmlText.Cut(credential.Id, 16)} is issued to {_names.Of(credential.Actors.Count > 0 ? credential.Actors[0] : credential.Subject ?? "?")}: {Scope.Of(credential.Scope)}", null));
            }

            foreach (var use in credential.Uses)
            {
                _words.TryAdd(use.Record, ($"credential {HtmlText.Cut(credential.Id, 16)} is used by {_names.Of(use.By)}", null));
            }

            if (credential.EndRecord is { } end)
            {
                _words.TryAdd(end, ($"credential {HtmlText.Cut(credential.Id, 16)} ends{(credential.Reason is { Length: > 0 } why ? $": {why}" : "")}", credential.Ending));
            }
        }

        foreach (var refusal in authority.Refusals)
        {
            _words.TryAdd(refusal.Record, ($"a credential for {Scope.Of(refusal.Scope)} is refused: {refusal.Reason}", refusal.Error));
        }
    }

    private string ActOf(RecordId? request) => _trail.Find.Action(request) is { } action ? Act(action) : "an action that is not in the trail";
}
