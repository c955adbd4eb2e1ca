using Cairn.Evidence;

namespace Cairn.Trails;

/// <summary>A trail's parts by the ids of their records: each found without a search.</summary>
public sealed class TrailLookup
{
    private readonly Dictionary<RecordId, TrailAction> _actions = [];
    private readonly Dictionary<RecordId, TrailDecision> _decisions = [];
    private readonly Dictionary<RecordId, List<TrailDecision>> _decisionsAbout = [];
    private readonly Dictionary<RecordId, TrailApproval> _questions = [];
    private readonly Dictionary<RecordId, TrailApproval> _answers = [];
    private readonly Dictionary<RecordId, TrailApproval> _approvalsOf = [];
    private readonly Dictionary<string, TrailCredential> _credentials = new(StringComparer.Ordinal);
    private readonly Dictionary<RecordId, string> _subjects = [];
    private readonly Dictionary<RecordId, CredentialRefusal> _refusals = [];
    private readonly Lazy<Dictionary<RecordId, TrailRecord>> _records;

    internal TrailLookup(Trail trail)
    {
        foreach (var action in trail.Actions)
        {
            _actions.TryAdd(action.Request, action);
        }

        foreach (var decision in trail.Authority.Decisions)
        {
            _decisions.TryAdd(decision.Record, decision);
            if (decision.Action is { } about)
            {
                if (!_decisionsAbout.TryGetValue(about, out var all))
                {
                    _decisionsAbout[about] = all = [];
                }

                all.Add(decision);
            }
        }

        foreach (var approval in trail.Authority.Approvals)
        {
            if (approval.HasQuestion)
            {
                _questions.TryAdd(approval.Request, approval);
            }

            if (approval.Recorded is { } recorded)
            {
                _answers.TryAdd(recorded, approval);
            }

            if (approval.Action is { } action)
            {
                _approvalsOf[action] = approval;
            }
        }

        foreach (var credential in trail.Authority.Credentials)
        {
            _credentials.TryAdd(credential.Id, credential);
        }

        foreach (var context in trail.Contexts)
        {
            _subjects.TryAdd(context.Record, context.Subject);
        }

        foreach (var refusal in trail.Authority.Refusals)
        {
            _refusals.TryAdd(refusal.Record, refusal);
        }

        _records = new(() =>
        {
            var records = new Dictionary<RecordId, TrailRecord>(trail.Records.Count);
            foreach (var record in trail.Records)
            {
                records.TryAdd(record.Record.Id, record);
            }

            return records;
        });
    }

    /// <summary>Any record.</summary>
    public TrailRecord? Record(RecordId id) => _records.Value.GetValueOrDefault(id);

    /// <summary>The action that a record requested.</summary>
    public TrailAction? Action(RecordId? request) => request is { } id ? _actions.GetValueOrDefault(id) : null;

    /// <summary>The decision that a record tells.</summary>
    public TrailDecision? Decision(RecordId? record) => record is { } id ? _decisions.GetValueOrDefault(id) : null;

    /// <summary>The decision that an action names; where it names none that is there, the last that names the action.</summary>
    public TrailDecision? DecisionOf(TrailAction action) => Decision(action.Decision) ?? (DecisionsAbout(action) is [.., var last] ? last : null);

    /// <summary>Every decision that names an action, by time.</summary>
    public IReadOnlyList<TrailDecision> DecisionsAbout(TrailAction action) => _decisionsAbout.TryGetValue(action.Request, out var all) ? all : [];

    /// <summary>The approval whose question a record tells.</summary>
    public TrailApproval? Question(RecordId? record) => record is { } id ? _questions.GetValueOrDefault(id) : null;

    /// <summary>The approval whose answer a record tells.</summary>
    public TrailApproval? Answer(RecordId? record) => record is { } id ? _answers.GetValueOrDefault(id) : null;

    /// <summary>The approval that an action names; where it names none that is there, the last that was asked for it.</summary>
    public TrailApproval? ApprovalOf(TrailAction action) => Answer(action.Approval) ?? _approvalsOf.GetValueOrDefault(action.Request);

    /// <summary>A credential by its public id, as far as the trail tells of it.</summary>
    public TrailCredential? Credential(string? id) => id is null ? null : _credentials.GetValueOrDefault(id);

    /// <summary>What kind of context a record captured.</summary>
    public string? ContextSubject(RecordId record) => _subjects.GetValueOrDefault(record);

    /// <summary>The refusal that a record tells.</summary>
    public CredentialRefusal? Refusal(RecordId record) => _refusals.GetValueOrDefault(record);
}
