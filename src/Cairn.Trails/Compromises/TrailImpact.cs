using Cairn.Evidence;

namespace Cairn.Trails.Compromises;

/// <summary>
/// What a compromise reaches in one trail: a pure function of the trail, the compromise and the credentials that are
/// suspect. From what it touches directly it follows the causal graph downwards, and only to what is from that time on.
/// </summary>
public sealed class TrailImpact
{
    private readonly Compromise _compromise;
    private readonly IReadOnlyDictionary<string, SuspectCredential> _suspects;
    private readonly Dictionary<RecordId, string> _actions = [];
    private readonly Dictionary<SpanId, string> _spans = [];
    private readonly HashSet<RecordId> _delegations = [];

    private TrailImpact(Trail trail, Compromise compromise, IReadOnlyDictionary<string, SuspectCredential> suspects) =>
        (Trail, _compromise, _suspects) = (trail, compromise, suspects);

    /// <summary>The trail.</summary>
    public Trail Trail { get; }

    /// <summary>Actions that were done, or at least requested, downstream; by time.</summary>
    public IReadOnlyList<TrailAction> Actions { get; private set; } = [];

    /// <summary>Tasks that were begun downstream.</summary>
    public IReadOnlyList<TrailTask> Tasks { get; private set; } = [];

    /// <summary>Delegations that were given downstream.</summary>
    public IReadOnlyList<Delegation> Delegations { get; private set; } = [];

    /// <summary>What targets' own logs say of these actions.</summary>
    public IReadOnlyList<ObservedEffect> Effects { get; private set; } = [];

    /// <summary>Decisions made under the policy, or in the emitter's name.</summary>
    public IReadOnlyList<TrailDecision> Decisions { get; private set; } = [];

    /// <summary>Credentials that are suspect by what this trail tells.</summary>
    public IReadOnlyList<SuspectCredential> Suspects { get; private set; } = [];

    /// <summary>The records downstream, by time.</summary>
    public IReadOnlyList<AffectedRecord> Records { get; private set; } = [];

    /// <summary>Whether it reaches anything here.</summary>
    public bool IsEmpty => Records.Count == 0;

    /// <summary>Works out what is reached.</summary>
    /// <param name="trail">The trail.</param>
    /// <param name="compromise">What is bad.</param>
    /// <param name="suspects">Credentials that are suspect by what is known so far.</param>
    public static TrailImpact Of(Trail trail, Compromise compromise, IReadOnlyDictionary<string, SuspectCredential> suspects)
    {
        ArgumentNullException.ThrowIfNull(trail);
        ArgumentNullException.ThrowIfNull(compromise);
        ArgumentNullException.ThrowIfNull(suspects);
        var impact = new TrailImpact(trail, compromise, suspects);
        impact.MarkUses();
        impact.MarkDirect();
        impact.Descend();
        impact.Gather();
        return impact;
    }

    private bool IsSince(DateTimeOffset time) => time >= _compromise.Since;

    // An act counts from its outcome on: one that was under way when it began may have been changed.
    private bool IsSince(TrailAction action) => IsSince(action.Requested) || (action.Duration is { } duration && IsSince(action.Requested + duration));

    private void Mark(TrailAction action, string why)
    {
        _actions.TryAdd(action.Request, why);
        _spans.TryAdd(action.Span, why);
    }

    private void MarkUses()
    {
        foreach (var use in Findings.UsedCredential.In(Trail))
        {
            var why = _suspects.TryGetValue(use.Credential, out var suspect) && use.Use.Time >= suspect.Since ? $"done with the credential {use.Credential}"
                : _compromise.Kind == CompromiseKind.Key && use.Use.HolderKey == _compromise.Id && IsSince(use.Use.Time) ? $"the key was shown with the credential {use.Credential}"
                : null;
            if (why is null)
            {
                continue;
            }

            if (use.For is { } action)
            {
                Mark(action, why);
            }
            else
            {
                _actions.TryAdd(use.Use.Record, why);
                _spans.TryAdd(Trail.Find.Record(use.Use.Record)!.Record.Span, why);
            }
        }
    }

    private void MarkDirect()
    {
        foreach (var action in Trail.Actions.Where(IsSince))
        {
            if (Reason(action) is { } why)
            {
                Mark(action, why);
            }
        }

        foreach (var task in Trail.Tasks.Where(task => IsSince(task.Started)))
        {
            var why = _compromise.Kind switch
            {
                CompromiseKind.Agent when task.Agent.Id.ToString() == _compromise.Id => "the agent's own task",
                CompromiseKind.Person when task.Initiation.Principal == _compromise.Id => "asked for by the person",
                CompromiseKind.Emitter when task.Issuer.ToString() == _compromise.Id => "told by the emitter",
                _ => null,
            };
            if (why is not null)
            {
                _spans.TryAdd(task.Span, why);
            }
        }

        // What began under the agent's hands since then is downstream, though the task itself is older.
        if (_compromise.Kind == CompromiseKind.Agent)
        {
            foreach (var task in Trail.Tasks.Where(task => task.Agent.Id.ToString() == _compromise.Id && !(task.Ended < _compromise.Since)))
            {
                _spans.TryAdd(task.Span, "begun under a task of the agent");
            }
        }

        foreach (var delegation in Trail.Delegations.Where(delegation => IsSince(delegation.Granted)))
        {
            if (_compromise.Kind == CompromiseKind.Agent && delegation.From == _compromise.Id)
            {
                _delegations.Add(delegation.Record);
                _spans.TryAdd(delegation.Span, "delegated by the agent");
            }
            else if (_compromise.Kind == CompromiseKind.Emitter && IssuerOf(delegation.Record) == _compromise.Id)
            {
                _delegations.Add(delegation.Record);
                _spans.TryAdd(delegation.Span, "told by the emitter");
            }
        }
    }

    private string? Reason(TrailAction action) => _compromise.Kind switch
    {
        CompromiseKind.Agent when action.Actor.Id.ToString() == _compromise.Id => "done by the agent",
        CompromiseKind.Tool when IsTool(action) => "done by the tool",
        CompromiseKind.Emitter when action.Issuer.ToString() == _compromise.Id => "told by the emitter",
        CompromiseKind.Policy when Trail.Find.DecisionOf(action) is { } decision && IsSince(decision.Time) && IsUnder(decision) => $"decided under the policy ({decision.Outcome})",
        CompromiseKind.Person when Trail.Find.ApprovalOf(action) is { Answer: "approved", Answered: { } answered } approval && approval.Approver == _compromise.Id && IsSince(answered) => "approved by the person",
        _ => null,
    };

    private bool IsTool(TrailAction action) => action.Tool == _compromise.Id || action.Resource == _compromise.Id
        || (action.Resource.StartsWith(_compromise.Id, StringComparison.Ordinal) && action.Resource.AsSpan(_compromise.Id.Length) is ['/', ..]);

    private bool IsUnder(TrailDecision decision) => decision.Bundle == _compromise.Id || decision.Version == _compromise.Id || decision.Determining.Contains(_compromise.Id);

    private string IssuerOf(RecordId record) => Trail.Find.Record(record)?.Issuer.ToString() ?? "";

    // Causes come before what they caused, so that one pass is enough; what hangs on a cycle is looked at until nothing is new.
    private void Descend()
    {
        for (var before = -1; before != _spans.Count;)
        {
            before = _spans.Count;
            foreach (var span in Trail.Graph.InOrder.Where(span => IsSince(span.Time) && !_spans.ContainsKey(span.Id)))
            {
                if (span.Parents.FirstOrDefault(_spans.ContainsKey) is { } cause && _spans.ContainsKey(cause))
                {
                    _spans[span.Id] = _spans[cause].StartsWith("below ", StringComparison.Ordinal) ? _spans[cause] : $"below what was {_spans[cause]}";
                }
            }
        }
    }

    private void Gather()
    {
        Actions = [.. Trail.Actions.Where(action => _actions.ContainsKey(action.Request) || (IsSince(action) && _spans.ContainsKey(action.Span)))];
        Tasks = [.. Trail.Tasks.Where(task => IsSince(task.Started) && _spans.ContainsKey(task.Span))];
        Delegations = [.. Trail.Delegations.Where(delegation => IsSince(delegation.Granted)
            && (_delegations.Contains(delegation.Record) || (delegation.Parent is { } giver && _spans.ContainsKey(giver)) || _spans.ContainsKey(delegation.Span)))];
        var requests = Actions.Select(action => action.Request).ToHashSet();
        Effects = [.. Trail.Effects.Where(effect => (effect.Action is { } action && requests.Contains(action))
            || (IsSince(effect.Time) && _compromise.Kind == CompromiseKind.Person && effect.Principal == _compromise.Id)
            || (IsSince(effect.Time) && _compromise.Kind == CompromiseKind.Emitter && IssuerOf(effect.Record) == _compromise.Id))];
        Decisions = [.. Trail.Authority.Decisions.Where(decision => IsSince(decision.Time)
            && ((_compromise.Kind == CompromiseKind.Policy && IsUnder(decision)) || (_compromise.Kind == CompromiseKind.Emitter && IssuerOf(decision.Record) == _compromise.Id)))];
        Suspects = [.. SuspectsHere()];
        Records = [.. Affected().DistinctBy(affected => affected.Record).OrderBy(affected => affected.Time).ThenBy(affected => affected.Record.ToString(), StringComparer.Ordinal)];
    }

    private IEnumerable<SuspectCredential> SuspectsHere()
    {
        var granted = Delegations.Select(delegation => delegation.Record).ToHashSet();
        var since = _compromise.Since;
        foreach (var credential in Trail.Authority.Credentials)
        {
            var holds = credential.Actors is [var holder, ..] ? holder : null;
            if (_compromise.Kind == CompromiseKind.Key && credential.HolderKey == _compromise.Id && IsAlive(credential))
            {
                yield return new(credential.Id, Later(credential.Issued, since), "bound to the key");
            }
            else if (_compromise.Kind == CompromiseKind.Agent && IsAlive(credential)
                && (holds == _compromise.Id || credential.Uses.Any(use => use.By.ToString() == _compromise.Id && IsSince(use.Time))))
            {
                yield return new(credential.Id, Later(credential.Issued, since), "in the agent's hands");
            }
            else if (_compromise.Kind == CompromiseKind.Person && credential.Subject == _compromise.Id && IsAlive(credential))
            {
                yield return new(credential.Id, Later(credential.Issued, since), "in the person's name");
            }

            if (credential.Issued is not { } issued || credential.IssueRecord is not { } record)
            {
                continue;
            }

            if (credential.ExchangedFor is { } parent && _suspects.TryGetValue(parent, out var suspect) && issued >= suspect.Since)
            {
                yield return new(credential.Id, issued, $"exchanged for {parent}", parent);
            }
            else if (IsSince(issued) && credential.Delegation is { } delegation && granted.Contains(delegation))
            {
                yield return new(credential.Id, issued, "issued under a delegation downstream");
            }
            else if (IsSince(issued) && _spans.ContainsKey(Trail.Find.Record(record)!.Record.Span))
            {
                yield return new(credential.Id, issued, "issued within what is downstream");
            }
        }
    }

    private bool IsAlive(TrailCredential credential) => !(credential.Expires <= _compromise.Since) && !(credential.Ended <= _compromise.Since);

    private static DateTimeOffset Later(DateTimeOffset? one, DateTimeOffset other) => one > other ? one.Value : other;

    private IEnumerable<AffectedRecord> Affected()
    {
        foreach (var action in Actions)
        {
            var why = _actions.GetValueOrDefault(action.Request) ?? _spans[action.Span];
            yield return Record(action.Request, $"{action.Type} {action.ShortResource} by {action.Actor.Id}", why);
            if (action.Completion is { } completion)
            {
                yield return Record(completion, $"outcome {action.Status} of {action.Type} {action.ShortResource}", why);
            }
        }

        foreach (var (id, why) in _actions.Where(marked => Trail.Find.Action(marked.Key) is null))
        {
            yield return Record(id, "use of a credential", why);
        }

        foreach (var task in Tasks)
        {
            yield return Record(task.Initiation.Record, $"task of {task.Agent.Id}", _spans[task.Span]);
        }

        foreach (var delegation in Delegations)
        {
            yield return Record(delegation.Record, $"delegation from {delegation.From} to {delegation.To}", _spans.GetValueOrDefault(delegation.Span) ?? "given downstream");
        }

        foreach (var effect in Effects)
        {
            yield return Record(effect.Record, $"{effect.Operation} of {effect.Resource} in {effect.System}", "what the target's own log says of it");
        }

        foreach (var decision in Decisions)
        {
            yield return Record(decision.Record, $"decision {decision.Outcome} under {decision.Version}", _compromise.Kind == CompromiseKind.Policy ? "decided under the policy" : "told by the emitter");
        }

        foreach (var suspect in Suspects)
        {
            if (Trail.Find.Credential(suspect.Id)?.IssueRecord is { } record && IsSince(Trail.Find.Record(record)!.Record.Time))
            {
                yield return Record(record, $"issue of credential {suspect.Id}", suspect.Why);
            }
        }
    }

    private AffectedRecord Record(RecordId id, string what, string why)
    {
        var entry = Trail.Find.Record(id)!;
        return new AffectedRecord(Trail.Trace, id, entry.Statement, entry.Issuer, entry.Record.Time, what, why);
    }
}
