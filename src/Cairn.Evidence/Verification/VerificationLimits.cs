using Cairn.Evidence.Decisions;
using Cairn.Evidence.Timestamps;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Verification;

/// <summary>What each verdict does not prove, and what would (docs/verdicts.md).</summary>
internal static class VerificationLimits
{
    public static List<VerificationLimit> OfIntegrity(TrustPolicy? policy, bool pinned, IReadOnlyList<TimeBracket> brackets)
    {
        var limits = new List<VerificationLimit>();
        if (!pinned)
        {
            limits.Add(new(
                "unpinned", "who made this evidence: the keys were taken from the bundle itself, and whoever forges a bundle can put their own into it",
                "a trust policy from the ledger's operator, received by another way (--trust POLICY)"));
        }

        if (policy?.Log.Quorum is null)
        {
            limits.Add(new(
                "no-witnesses", "that everybody was shown the same ledger: without witnesses its operator could show different trees to different people, or rewrite a tree that only emitters remember",
                "witnesses' cosignatures and a quorum line in the trust policy"));
        }

        // The log's own time is its operator's word, which this is about.
        var independent = brackets.Where(bracket => bracket.By != TimeSource.Log && bracket.NotAfter is not null).Select(bracket => bracket.NotAfter!).MinBy(claim => claim.NotAfter);
        limits.Add(independent is { } until ? new(
            "bracket", $"when things happened within their brackets: {until.Name} says that all of it existed at {Times.Text(until.NotAfter)}, and before that times are what the emitters' and the log's clocks said",
            "witnesses and timestamps at shorter intervals")
            : new(
            "clocks", "when things happened, beyond the order in the ledger: times are what the emitters' and the log's clocks said",
            "timestamps of an independent authority over the checkpoints"));
        limits.Add(new(
            "truth", "that what was recorded is true: a signature shows who said it, and that it was not changed since",
            "corroboration by others than the actor"));
        return limits;
    }

    public static List<VerificationLimit> OfCompleteness(TrailCheck? trail, IReadOnlyList<StreamState> streams, bool wasRead)
    {
        var limits = new List<VerificationLimit>();
        if (!wasRead)
        {
            limits.Add(new("not-read", "that nothing is missing: the bundle could not be read to its end", "the whole, unaltered bundle"));
        }

        if (trail is { HasRoot: false } && wasRead)
        {
            limits.Add(new(
                "no-root", "that every emitter is here: the start of the trail was recorded by nobody, so nobody counted all who took part",
                "an emitter at the caller that started the trace"));
        }

        if (trail is { Gaps: > 0 })
        {
            limits.Add(new("declared-gaps", $"that nothing is missing: emitters declare {trail.Gaps} gaps themselves", "the evidence that they name, from elsewhere"));
        }

        var unlisted = trail is { HasRoot: true } ? streams.Count(state => !trail.IsListed(state.Stream)) - 1 : 0;
        if (unlisted > 0)
        {
            limits.Add(new(
                "unlisted-emitters", $"that no further emitter is missing: {unlisted} that are here are counted by none but themselves, so one more could be absent unnoticed",
                "a task.ended of the root that was written after all others"));
        }

        limits.Add(new(
            "outside-capture", "that the agent did nothing else: an act that passed no emitter leaves no record",
            "the target systems' own logs, reconciled with the trail"));
        return limits;
    }

    public static List<VerificationLimit> OfCorroboration(CorroborationCounts actions, DecisionCounts decisions, bool wasRead)
    {
        var limits = new List<VerificationLimit>();
        if (!wasRead)
        {
            limits.Add(new("not-read", "who else saw the actions: the bundle could not be read to its end", "the whole, unaltered bundle"));
        }

        if (actions.Reported > 0)
        {
            limits.Add(new("self-reported", $"{actions.Reported} of {actions.Actions} actions: only the actor itself speaks of them", "a gateway on the path, or the target's own log"));
        }

        if (actions.Confirmed == 0 && actions.Effects == 0)
        {
            limits.Add(new("no-target-log", "that what was requested took effect: no target system's own log is in the evidence", "an importer of the target's audit log"));
        }

        if (decisions.NotRecomputed.Count > 0)
        {
            limits.Add(new(
                "decisions-not-recomputed", $"that {decisions.NotRecomputed.Sum(one => one.Count)} of {decisions.Recorded} policy decisions follow from their inputs: {decisions.Why}",
                "a bundle with the decisions' inputs, policy bundles and engine (cairn export --decisions)"));
        }

        return limits;
    }
}
