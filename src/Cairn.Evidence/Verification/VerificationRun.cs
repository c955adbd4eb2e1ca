using Cairn.Evidence.Bundles;
using Cairn.Evidence.Decisions;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Verification;

/// <summary>What one verification has found so far, and the report that it makes of it.</summary>
internal sealed class VerificationRun(TrustPolicy? policy, VerifyOptions options)
{
    private readonly bool _pinned = policy is not null;
    private bool _stopped;

    public VerifyOptions Options { get; } = options;

    public TrustPolicy? Policy { get; set; } = policy;

    public FailureList Integrity { get; } = new(options.MaxListed);

    public FailureList Completeness { get; } = new(options.MaxListed);

    public FailureList Corroboration { get; } = new(options.MaxListed);

    public FailureList Warnings { get; } = new(options.MaxListed);

    public string? Trace { get; set; }

    public CheckpointCheck? Checkpoint { get; set; }

    public LogKeyHistory? LogKeys { get; set; }

    public TimesCheck? Times { get; set; }

    public RevocationCheck? Revocations { get; set; }

    public TrailCheck? Trail { get; set; }

    public ContentCheck? Contents { get; set; }

    public DecisionCheck? Decisions { get; set; }

    public StatementCheck? Statements { get; set; }

    /// <summary>Whether all records were read, so that what is not there can be called missing.</summary>
    public bool WasRead { get; set; }

    public void Stop(BundleFault fault)
    {
        _stopped = true;
        Integrity.Add(fault);
    }

    public VerificationReport Report()
    {
        var integrity = new Verdict(Integrity.Count > 0 ? VerdictState.Failed : VerdictState.Passed, Integrity.Count, Integrity.First, VerificationLimits.OfIntegrity(Policy, _pinned, Times?.Trail ?? []));
        var completeness = CompletenessVerdict();
        var corroboration = CorroborationVerdict();
        var streams = Statements?.Streams ?? [];
        return new VerificationReport(
            VerificationReport.CurrentFormat,
            integrity.State != VerdictState.Failed && completeness.State != VerdictState.Failed && corroboration.State != VerdictState.Failed,
            Trace,
            Checkpoint is null ? null : new CheckpointSummary(Checkpoint.Checkpoint.Origin, Checkpoint.Checkpoint.Size, Checkpoint.Checkpoint.Root.ToString(), Checkpoint.Time),
            new TrustSummary(_pinned, Checkpoint?.Signed.LogKeys ?? [], Checkpoint?.Signed.Witnesses ?? [], Successions()),
            Times?.Summary() ?? new TimesSummary([], []),
            new VerificationCounts(Statements?.Statements ?? 0, Trail?.Records ?? 0, streams.Count, Contents?.Contents ?? 0),
            integrity, completeness, corroboration,
            Actions(), Decided(),
            [.. streams.Select(state => new EmitterSummary(
                state.Issuer.ToString(), state.Stream.ToString(), state.RoleName, state.Records, state.Ended, Trail!.IsListed(state.Stream)))],
            Warnings.First)
        {
            LogKeys = LogKeys,
            Revoked = Revocations?.Summary ?? [],
        };
    }

    private IReadOnlyList<SuccessionSummary> Successions() =>
        [.. (LogKeys?.Successions ?? []).Select(one => new SuccessionSummary(one.Size, [.. one.Old.Select(SignedHead.Describe)], [.. one.New.Select(SignedHead.Describe)]))];

    private CorroborationCounts Actions() => Trail is null
        ? new CorroborationCounts(0, 0, 0, 0, 0)
        : new CorroborationCounts(Trail.Reported + Trail.Observed + Trail.Confirmed, Trail.Reported, Trail.Observed, Trail.Confirmed, Trail.Effects);

    private DecisionCounts Decided() => Decisions?.Counts ?? new DecisionCounts(0, 0, 0, []);

    private Verdict CompletenessVerdict()
    {
        var limits = VerificationLimits.OfCompleteness(Trail, Statements?.Streams ?? [], WasRead && !_stopped);
        var state = Completeness.Count > 0 ? VerdictState.Failed
            : !WasRead || Trail is not { HasRoot: true, Gaps: 0 } ? VerdictState.Unproven
            : VerdictState.Passed;
        return new Verdict(state, Completeness.Count, Completeness.First, limits);
    }

    private Verdict CorroborationVerdict()
    {
        var actions = Actions();
        var state = Corroboration.Count > 0 ? VerdictState.Failed
            : WasRead && actions.Reported == 0 && Integrity.Count == 0 ? VerdictState.Passed
            : VerdictState.Unproven;
        return new Verdict(state, Corroboration.Count, Corroboration.First, VerificationLimits.OfCorroboration(actions, Decided(), WasRead));
    }
}
