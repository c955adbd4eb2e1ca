using Cairn.Evidence.Decisions;

namespace Cairn.Evidence.Verification;

/// <summary>Whether a verdict holds.</summary>
public enum VerdictState
{
    /// <summary>All checks passed.</summary>
    Passed,

    /// <summary>Nothing contradicts it, and the evidence that would show it is not there; the limits say which.</summary>
    Unproven,

    /// <summary>A check failed.</summary>
    Failed,
}

/// <summary>What a failure or warning is about.</summary>
/// <param name="Kind">zip, file, checkpoint, succession, anchor, certificate, head, statement, record, stream or trail.</param>
/// <param name="Id">Which: a file name, a ledger index, a record id, a stream id, a hash.</param>
public sealed record VerificationSubject(string Kind, string Id)
{
    /// <summary>Kind and id.</summary>
    public override string ToString() => Id.Length == 0 ? Kind : $"{Kind} {Id}";
}

/// <summary>One thing that does not hold.</summary>
/// <param name="Code">One of <see cref="ReasonCodes"/>.</param>
/// <param name="Subject">What it is about.</param>
/// <param name="Expected">What was expected.</param>
/// <param name="Found">What was found.</param>
public sealed record VerificationFailure(string Code, VerificationSubject Subject, string Expected, string Found)
{
    /// <summary>The failure in one line.</summary>
    public override string ToString() => $"{Code}: {Subject}: expected {Expected}, found {Found}";
}

/// <summary>What a verdict does not prove, and what would.</summary>
public sealed record VerificationLimit(string Code, string DoesNotProve, string WhatWould);

/// <summary>One of the three verdicts.</summary>
/// <param name="State">Whether it holds.</param>
/// <param name="FailureCount">How many failures there are; the first ones are listed.</param>
/// <param name="Failures">The first failures, in the order of the checks.</param>
/// <param name="Limits">What it does not prove even where it holds.</param>
public sealed record Verdict(VerdictState State, long FailureCount, IReadOnlyList<VerificationFailure> Failures, IReadOnlyList<VerificationLimit> Limits);

/// <summary>How many actions have which assurance, derived from their issuers' roles in the trust policy.</summary>
/// <param name="Actions">All actions.</param>
/// <param name="Reported">By the actor alone.</param>
/// <param name="Observed">By a gateway on the path.</param>
/// <param name="Confirmed">By the target system's own log.</param>
/// <param name="Effects">Effects that target systems' logs show.</param>
public sealed record CorroborationCounts(long Actions, long Reported, long Observed, long Confirmed, long Effects);

/// <summary>How many policy decisions were recomputed (docs/spec/verification.md §13).</summary>
/// <param name="Recorded">All decisions.</param>
/// <param name="Recomputed">Those that were recomputed.</param>
/// <param name="Differ">Those that came out otherwise than recorded.</param>
/// <param name="NotRecomputed">Those that were not, by reason.</param>
public sealed record DecisionCounts(long Recorded, long Recomputed, long Differ, IReadOnlyList<DecisionsNotRecomputed> NotRecomputed)
{
    /// <summary>Why decisions were not recomputed, in words; empty where all were.</summary>
    internal string Why => string.Join(", ", NotRecomputed.Select(one => $"{one.Count} {DecisionReasons.Words(one.Reason)}"));
}

/// <summary>Decisions that were not recomputed for one reason.</summary>
/// <param name="Reason">One of <see cref="DecisionReasons"/>.</param>
/// <param name="Count">How many.</param>
public sealed record DecisionsNotRecomputed(string Reason, long Count);

/// <summary>Whom the verification trusted, and who said so.</summary>
/// <param name="Pinned">True when the verifier brought the policy; false when the bundle's own was believed.</param>
/// <param name="LogKeys">The log keys that signed the checkpoint.</param>
/// <param name="Witnesses">The witnesses that cosigned it.</param>
/// <param name="Successions">The changes of the log's keys that the bundle proves, by ascending size.</param>
public sealed record TrustSummary(bool Pinned, IReadOnlyList<string> LogKeys, IReadOnlyList<string> Witnesses, IReadOnlyList<SuccessionSummary> Successions);

/// <summary>A change of the log's keys (docs/spec/verification.md §12).</summary>
/// <param name="Size">Statements in the last tree that the old keys signed.</param>
/// <param name="Old">The keys that were retired.</param>
/// <param name="New">The keys that took their place.</param>
public sealed record SuccessionSummary(long Size, IReadOnlyList<string> Old, IReadOnlyList<string> New);

/// <summary>The checkpoint that everything was proven under.</summary>
/// <param name="Origin">The log.</param>
/// <param name="Size">Statements in the ledger at the time.</param>
/// <param name="Root">The root hash, lower-case hexadecimal.</param>
/// <param name="Time">When the log or a witness says it signed; the earliest of these. Null where no signature has a time.</param>
public sealed record CheckpointSummary(string Origin, long Size, string Root, DateTimeOffset? Time);

/// <summary>Who says when trees of the ledger existed, and between which times the trail was made by their word (docs/spec/timestamps.md).</summary>
/// <param name="Anchors">The trees with times, by ascending size; the checkpoint is one.</param>
/// <param name="Trail">The trail's brackets, one for each kind of party that gives a bound.</param>
public sealed record TimesSummary(IReadOnlyList<AnchorSummary> Anchors, IReadOnlyList<BracketSummary> Trail);

/// <summary>A tree with times.</summary>
/// <param name="Size">Statements in the ledger then.</param>
/// <param name="Claims">Who says when it existed.</param>
public sealed record AnchorSummary(long Size, IReadOnlyList<ClaimSummary> Claims);

/// <summary>Somebody's word that a tree existed at a time.</summary>
/// <param name="By">log, witness or timestamper.</param>
/// <param name="Name">The log's origin, or the name in the trust policy.</param>
/// <param name="Time">When, in UTC.</param>
/// <param name="Accuracy">Seconds that the time may be off by its own word; null where it says nothing.</param>
public sealed record ClaimSummary(string By, string Name, string Time, double? Accuracy);

/// <summary>Between which times the trail was made, by the word of one kind of party.</summary>
/// <param name="By">log, witness or timestamper.</param>
/// <param name="NotBefore">The lower bound; null where there is none.</param>
/// <param name="NotAfter">The upper bound; null where there is none.</param>
public sealed record BracketSummary(string By, BoundSummary? NotBefore, BoundSummary? NotAfter);

/// <summary>A bound of a bracket.</summary>
/// <param name="Time">The time, in UTC.</param>
/// <param name="Name">By whose word.</param>
public sealed record BoundSummary(string Time, string Name);

/// <summary>One stream of the trail.</summary>
/// <param name="Issuer">The emitter's SPIFFE ID.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Role">agent, gateway, importer, operator, or unknown.</param>
/// <param name="Records">Its records in the bundle.</param>
/// <param name="Ended">Whether its last record ends its part.</param>
/// <param name="Listed">Whether another emitter counts it.</param>
public sealed record EmitterSummary(string Issuer, string Stream, string Role, long Records, bool Ended, bool Listed);

/// <summary>How much was read.</summary>
public sealed record VerificationCounts(long Statements, long Records, long Streams, long Contents);

/// <summary>The outcome of verifying one bundle (docs/spec/verification.md). The same bundle, policy and options give the same report.</summary>
/// <param name="Format">The report's own format.</param>
/// <param name="Verified">No verdict failed.</param>
/// <param name="Trace">The trail; null when the bundle could not be read that far.</param>
/// <param name="Checkpoint">The checkpoint; null when it could not be read.</param>
/// <param name="Trust">Whom was trusted.</param>
/// <param name="Times">Who says when.</param>
/// <param name="Counts">How much was read.</param>
/// <param name="Integrity">Nothing altered.</param>
/// <param name="Completeness">Nothing missing.</param>
/// <param name="Corroboration">Who besides the actor saw it.</param>
/// <param name="Actions">The assurance of the actions.</param>
/// <param name="Decisions">The policy decisions.</param>
/// <param name="Emitters">The streams, in the order in which they appear.</param>
/// <param name="Warnings">Oddities that fail no verdict.</param>
public sealed record VerificationReport(
    string Format, bool Verified, string? Trace, CheckpointSummary? Checkpoint, TrustSummary Trust, TimesSummary Times, VerificationCounts Counts,
    Verdict Integrity, Verdict Completeness, Verdict Corroboration, CorroborationCounts Actions, DecisionCounts Decisions,
    IReadOnlyList<EmitterSummary> Emitters, IReadOnlyList<VerificationFailure> Warnings)
{
    /// <summary>The value of <see cref="Format"/>.</summary>
    public const string CurrentFormat = "cairn-verification/1";

    /// <summary>The log's keys as policy and bundle prove them; null when the checkpoint could not be read. Part of no text form.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public Trust.LogKeyHistory? LogKeys { get; init; }

    /// <summary>The revoked keys that statements are signed with, and which of these still stand; in the order in which they appear.</summary>
    public IReadOnlyList<RevokedKeySummary> Revoked { get; init; } = [];
}
