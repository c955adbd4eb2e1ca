using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Gateway.Capture;
using Cairn.Identity.Credentials;
using Cairn.Policy;
using Cairn.Sdk;

namespace Cairn.Gateway.Authority;

/// <summary>
/// What every way in shares: identify, decide, credential, record, act, record. The way in identifies the caller and acts;
/// the pipeline does what lies between. Safe for many calls at once.
/// </summary>
/// <remarks>
/// Order of effects: decision recorded → where a human is asked: request durable, answer durable, decided again →
/// credential obtained → <c>action.requested</c> durable, and with it all before it, because one stream keeps its order →
/// credential asked about once more → the act. Each refusal is recorded as durably as an admission.
/// </remarks>
public sealed class ActionPipeline
{
    private readonly ActionPipelineOptions _options;
    private readonly ITrailKeys _keys;
    private readonly ActionEmission _emission;
    private readonly ActionRecords _records;
    private readonly ApprovalStep _approvals;
    private readonly CredentialDesk _credentials;
    private readonly Decider? _decider;

    /// <param name="options">What it decides with.</param>
    /// <param name="emitter">Delivers the records; owned by the caller.</param>
    /// <param name="keys">Keys of the trails.</param>
    public ActionPipeline(ActionPipelineOptions options, Emitter emitter, ITrailKeys keys)
        : this(options, new EvidenceOutlet(emitter, (options ?? throw new ArgumentNullException(nameof(options))).Time, options.Log), keys)
    {
    }

    internal ActionPipeline(ActionPipelineOptions options, EvidenceOutlet outlet, ITrailKeys keys)
    {
        (_options, _keys) = (options, keys);
        _emission = new ActionEmission(outlet, options.Strict);
        _records = new ActionRecords(outlet, keys, options.Time, options.Strict);
        _approvals = new ApprovalStep(options, _emission, keys);
        _credentials = new CredentialDesk(options);
        _decider = options.Policy is { } policy ? new Decider(policy, options) : null;
    }

    /// <summary>Takes a proposed action as far as the act. When this returns, its evidence is durable (strict) or queued.</summary>
    /// <param name="action">What is proposed. Its input must stay as it is until this returns.</param>
    /// <param name="waiting">Told now and then, in words for the caller, while a human's approval is waited for; null: nobody is told.</param>
    /// <param name="cancellationToken">The caller gave up: recorded, and the action is not done.</param>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public ValueTask<ActionPermit> BeginAsync(ProposedAction action, IProgress<string>? waiting, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(action);
        return BeginAsync(ActionUnderWay.Propose(action, _options.Capture, _options.Time), waiting, null, cancellationToken);
    }

    /// <summary>The same for an action whose ids are given already.</summary>
    /// <param name="way">The action.</param>
    /// <param name="waiting">Told while a human's approval is waited for.</param>
    /// <param name="authorized">Called when only the evidence is waited for any more: nothing but the ledger holds it up from there.</param>
    /// <param name="cancellationToken">The caller gave up.</param>
    internal async ValueTask<ActionPermit> BeginAsync(ActionUnderWay way, IProgress<string>? waiting, Action? authorized, CancellationToken cancellationToken)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (credential, refusal) = _decider is null ? (null, null) : await AuthorizeAsync(way, _decider, waiting, cancellationToken).ConfigureAwait(false);
            authorized?.Invoke();
            if (refusal is not null)
            {
                _emission.Queue(_records.Requested(way));
                return await RefuseAsync(way, refusal).ConfigureAwait(false);
            }

            cancellationToken.ThrowIfCancellationRequested();
            return await RecordAsync(way, credential, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await GiveUpAsync(way).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Records how an action came out, any number of times: an accepted task comes out again.</summary>
    internal void Complete(ActionUnderWay way, ActionResult result) => _emission.Queue(_records.Completed(way, result));

    /// <summary>Takes back the credential that an action had for itself, once it is done. That it could not be is said, and ends with the credential.</summary>
    internal async ValueTask RevokeOwnCredentialAsync(ActionPermit permit)
    {
        if (permit is { Credential: { } credential, Way.IsCredentialItsOwn: true } && await _credentials.RevokeAsync(credential, "the act that it was for is over").ConfigureAwait(false) is { } why)
        {
            await _options.Log.WriteLineAsync($"cairn: the credential {credential.Id} could not be revoked and holds until {credential.Expires.UtcDateTime:HH:mm:ss}Z: {why}").ConfigureAwait(false);
        }
    }

    private async ValueTask<(IssuedCredential? Credential, ActionRefusal? Refusal)> AuthorizeAsync(
        ActionUnderWay way, Decider decider, IProgress<string>? waiting, CancellationToken cancellationToken)
    {
        var decision = await decider.DecideAsync(way.Action, approved: false, cancellationToken).ConfigureAwait(false);
        if (Recorded(way, decision, null) is { } unavailable)
        {
            return (null, unavailable);
        }

        if (decision.Mode == PolicyMode.Shadow)
        {
            return (null, null);
        }

        if (decision.Outcome == PolicyOutcome.NeedsApproval && decision.Errors.Count == 0 && _options.AsksElsewhere)
        {
            // Whoever asks elsewhere does not come back here: what an approved action would be refused for is looked at now.
            if (!way.Action.TakesCredential && (await decider.DecideAsync(way.Action, approved: true, cancellationToken).ConfigureAwait(false)).Credential is { } asked)
            {
                return (null, WithoutPlace(way, asked));
            }

            way.AskFirst = DecisionRecord.Shown(decision.Reason);
            return (null, null);
        }

        if (decision.Outcome == PolicyOutcome.NeedsApproval)
        {
            (decision, var refusal) = await ApproveAsync(way, decider, decision, waiting, cancellationToken).ConfigureAwait(false);
            if (refusal is not null)
            {
                return (null, refusal);
            }
        }

        if (decision.Outcome != PolicyOutcome.Allow || decision.Errors.Count > 0)
        {
            return (null, DeniedBy(decision));
        }

        way.IsAllowed = true;
        if (decision.Credential is not { } rule)
        {
            return (null, null);
        }

        if (!way.Action.TakesCredential)
        {
            return (null, WithoutPlace(way, rule));
        }

        var (credential, refused) = await _credentials.ObtainAsync(way, rule, cancellationToken).ConfigureAwait(false);
        (way.Credential, way.IsCredentialItsOwn) = (credential, !rule.PerTask);
        return (credential, refused);
    }

    /// <summary>Asks a human, and decides again: a reload or a revocation in between may deny what was asked for.</summary>
    private async ValueTask<(PolicyDecision Decision, ActionRefusal? Refusal)> ApproveAsync(
        ActionUnderWay way, Decider decider, PolicyDecision asking, IProgress<string>? waiting, CancellationToken cancellationToken)
    {
        var (request, recorded, refusal) = await _approvals.AskAsync(way, asking, waiting, cancellationToken).ConfigureAwait(false);
        if (request is null)
        {
            return (asking, refusal);
        }

        var decision = await decider.DecideAsync(way.Action, approved: true, cancellationToken).ConfigureAwait(false);
        if (Recorded(way, decision, recorded) is { } unavailable)
        {
            return (decision, unavailable);
        }

        if (decision.Outcome == PolicyOutcome.NeedsApproval)
        {
            return (decision, new ActionRefusal("policy_denied", "the policy asks for approval of what is approved already"));
        }

        if (decision.Outcome == PolicyOutcome.Allow && !_approvals.Holds(request, way, decision))
        {
            return (decision, new ActionRefusal("approval_withdrawn", "the policy changed since the action was put to a human; the approval does not hold for it any more"));
        }

        way.Approval = recorded;
        return (decision, null);
    }

    private ActionRefusal? Recorded(ActionUnderWay way, PolicyDecision decision, RecordId? approval)
    {
        var id = _emission.NewId();
        (way.Decision, way.Capture) = (id, decision.KeepContent is { } keep ? DecisionRecord.ProfileOf(keep) : _options.Capture);
        return _emission.Queue(DecisionRecord.Of(way, id, decision, approval, _keys)) is { } why ? new ActionRefusal("evidence_unavailable", why) : null;
    }

    private async ValueTask<ActionPermit> RecordAsync(ActionUnderWay way, IssuedCredential? credential, CancellationToken cancellationToken)
    {
        if (await _emission.DurableAsync(_records.Requested(way)).ConfigureAwait(false) is { } unavailable)
        {
            _emission.Queue(_records.Completed(way, new ActionResult(ActionStatus.Refused)
            {
                ErrorCode = "evidence_unavailable",
                ErrorMessage = "evidence could not be recorded; the action was not done",
            }));
            return Permit(way, new ActionRefusal("evidence_unavailable", unavailable), null);
        }

        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (credential is not null)
            {
                if (await _credentials.RecheckAsync(credential, cancellationToken).ConfigureAwait(false) is { } refusal)
                {
                    return await RefuseAsync(way, refusal).ConfigureAwait(false);
                }

                _emission.Queue(CredentialUse.Of(way, credential, _emission.NewId()));
            }

            return Permit(way, null, credential);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            way.IsRequested = true;
            throw;
        }
    }

    /// <summary>A refusal is as durable as an admission: whoever is refused may count on its being known.</summary>
    private async ValueTask<ActionPermit> RefuseAsync(ActionUnderWay way, ActionRefusal refusal)
    {
        await _emission.DurableAsync(_records.Completed(way, new ActionResult(ActionStatus.Refused)
        {
            ErrorCode = refusal.Code,
            ErrorMessage = DecisionRecord.Shown(refusal.Message),
        })).ConfigureAwait(false);
        return Permit(way, refusal, null);
    }

    private async ValueTask GiveUpAsync(ActionUnderWay way)
    {
        if (!way.IsRequested)
        {
            _emission.Queue(_records.Requested(way));
        }

        await _emission.DurableAsync(_records.Completed(way, new ActionResult(ActionStatus.Cancelled)
        {
            ErrorCode = "cancelled",
            ErrorMessage = way.WithdrawnBecause ?? "the caller gave up before the action was done",
        })).ConfigureAwait(false);
    }

    private ActionPermit Permit(ActionUnderWay way, ActionRefusal? refusal, IssuedCredential? credential) => new(way, refusal, credential, result =>
    {
        Complete(way, result);
        return ValueTask.CompletedTask;
    });

    private static ActionRefusal WithoutPlace(ActionUnderWay way, CredentialRule rule) => new(
        "credential_refused",
        $"the policy grants a credential ({rule.Name}) and the action has no place for one{(way.Action.CredentialAdvice.Length == 0 ? "" : $": {way.Action.CredentialAdvice}")}");

    private static ActionRefusal DeniedBy(PolicyDecision decision) => new(
        "policy_denied",
        decision.Determining.Count == 0
            ? $"denied by policy bundle {decision.Version}: {DecisionRecord.Shown(decision.Reason)}"
            : $"denied by policy {string.Join(", ", decision.Determining)} (bundle {decision.Version}): {DecisionRecord.Shown(decision.Reason)}");
}
