using Cairn.Evidence;

namespace Cairn.Trails;

/// <summary>A policy bundle taken into use in a trail, or rejected.</summary>
/// <param name="IsLoaded">Whether decisions from there on are under it.</param>
/// <param name="Name">The bundle's name, where it could be read.</param>
/// <param name="Version">The bundle's version, where it could be read.</param>
/// <param name="Digest">Digest of the sealed bundle.</param>
/// <param name="Mode">enforce or shadow.</param>
/// <param name="Errors">Why it was rejected.</param>
/// <param name="Time">When.</param>
/// <param name="Record">The record that says so.</param>
public sealed record PolicyChange(
    bool IsLoaded, string? Name, string? Version, string? Digest, string Mode, IReadOnlyList<string> Errors, DateTimeOffset Time, RecordId Record)
{
    /// <summary>The stream that recorded it: the one whose decisions are under it.</summary>
    public StreamId Stream { get; init; }
}

/// <summary>A decision, made before the act.</summary>
/// <param name="Outcome">allow, deny or needs_approval.</param>
/// <param name="Binds">False in shadow mode: it was recorded and nothing else.</param>
/// <param name="Bundle">Digest of the policy bundle.</param>
/// <param name="Version">The bundle's version.</param>
/// <param name="Determining">Ids of the policies that decided.</param>
/// <param name="Errors">What went wrong in the evaluation.</param>
/// <param name="Reason">In plain words, where given.</param>
/// <param name="Action">The request's record that it is about.</param>
/// <param name="Approval">The approval that a repeated decision rests on.</param>
/// <param name="Time">When.</param>
/// <param name="Record">The record that says so.</param>
public sealed record TrailDecision(
    string Outcome, bool Binds, string Bundle, string Version, IReadOnlyList<string> Determining, IReadOnlyList<string> Errors, string? Reason,
    RecordId? Action, RecordId? Approval, DateTimeOffset Time, RecordId Record)
{
    /// <summary>What the policy asks for besides, such as <c>capture:full</c>.</summary>
    public IReadOnlyList<string> Obligations { get; init; } = [];

    /// <summary>The stream that recorded it.</summary>
    public StreamId Stream { get; init; }

    /// <summary>The record's ordinal in that stream.</summary>
    public long Seq { get; init; }
}

/// <summary>A human's approval, from the question to the answer.</summary>
/// <param name="Action">The request's record that it is about.</param>
/// <param name="Approvers">Who was asked.</param>
/// <param name="Asked">When.</param>
/// <param name="Request">The record of the question.</param>
/// <param name="Answer">approved, denied, expired or withdrawn; null while it is open.</param>
/// <param name="Approver">Who answered.</param>
/// <param name="Authenticated">How that is known.</param>
/// <param name="Answered">When.</param>
/// <param name="Recorded">The record of the answer.</param>
public sealed record TrailApproval(
    RecordId? Action, IReadOnlyList<string> Approvers, DateTimeOffset Asked, RecordId Request,
    string? Answer = null, string? Approver = null, string? Authenticated = null, DateTimeOffset? Answered = null, RecordId? Recorded = null)
{
    /// <summary>The digest of the exact action that was put to the approver.</summary>
    public string? AskedDigest { get; init; }

    /// <summary>The digest of the action that the answer is bound to.</summary>
    public string? AnsweredDigest { get; init; }

    /// <summary>Until when an answer counts; null: not told.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>Whether the question is in the trail.</summary>
    public bool HasQuestion { get; init; } = true;
}

/// <summary>One use of a credential.</summary>
/// <param name="By">Who used it.</param>
/// <param name="Action">The request's record that it was used for.</param>
/// <param name="Resource">On what.</param>
/// <param name="HolderKey">Thumbprint of the key that was shown.</param>
/// <param name="Proof">How possession was shown: none, dpop, mtls, x5t or other; null where not told.</param>
/// <param name="Time">When.</param>
/// <param name="Record">The record that says so.</param>
public sealed record CredentialUse(
    SpiffeId By, RecordId? Action, string? Resource, string? HolderKey, string? Proof, DateTimeOffset Time, RecordId Record);

/// <summary>A credential as far as this trail tells: its issue may be in another one.</summary>
/// <param name="Id">Its public id.</param>
public sealed record TrailCredential(string Id)
{
    /// <summary>Who issued it.</summary>
    public string? Issuer { get; init; }

    /// <summary>On whose behalf.</summary>
    public string? Subject { get; init; }

    /// <summary>The chain of actors, outermost first.</summary>
    public IReadOnlyList<string> Actors { get; init; } = [];

    /// <summary>For whom.</summary>
    public IReadOnlyList<string> Audience { get; init; } = [];

    /// <summary>What it permits.</summary>
    public IReadOnlyList<string> Scope { get; init; } = [];

    /// <summary>Public id of the credential that it was exchanged for; null: none.</summary>
    public string? ExchangedFor { get; init; }

    /// <summary>When it was issued; null when this trail does not tell.</summary>
    public DateTimeOffset? Issued { get; init; }

    /// <summary>When it ends by itself.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>Thumbprint of the key that it is bound to; null: to none, or not told.</summary>
    public string? HolderKey { get; init; }

    /// <summary>What kind of credential it is; null when this trail does not tell.</summary>
    public string? Type { get; init; }

    /// <summary>The delegation's record that it was issued under.</summary>
    public RecordId? Delegation { get; init; }

    /// <summary>The record of its issue; null when this trail does not tell.</summary>
    public RecordId? IssueRecord { get; init; }

    /// <summary>The records of further issues under the same id, which should not be: what is told of the credential is by the first.</summary>
    public IReadOnlyList<RecordId> IssuedAgain { get; init; } = [];

    /// <summary>Its uses, in order.</summary>
    public IReadOnlyList<CredentialUse> Uses { get; init; } = [];

    /// <summary>The record of its end.</summary>
    public RecordId? EndRecord { get; init; }

    /// <summary>How it ended: revoked or expired; null: the trail does not say that it did.</summary>
    public string? Ending { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>Why it was revoked, and by whom.</summary>
    public string? Reason { get; init; }

    /// <summary>The first record that speaks of it.</summary>
    public required RecordId Record { get; init; }
}

/// <summary>A credential that was asked for and not given.</summary>
/// <param name="Error">OAuth 2.0 error code.</param>
/// <param name="Reason">In plain words.</param>
/// <param name="Scope">What was asked for.</param>
/// <param name="Time">When.</param>
/// <param name="Record">The record that says so.</param>
public sealed record CredentialRefusal(string Error, string Reason, IReadOnlyList<string> Scope, DateTimeOffset Time, RecordId Record);

/// <summary>Under which authority a trail's acts were done, as its records tell.</summary>
public sealed record TrailAuthority
{
    /// <summary>Policy bundles taken into use or rejected, in order.</summary>
    public required IReadOnlyList<PolicyChange> Policies { get; init; }

    /// <summary>The decisions, in order.</summary>
    public required IReadOnlyList<TrailDecision> Decisions { get; init; }

    /// <summary>The approvals, by time of question.</summary>
    public required IReadOnlyList<TrailApproval> Approvals { get; init; }

    /// <summary>The credentials, by first mention.</summary>
    public required IReadOnlyList<TrailCredential> Credentials { get; init; }

    /// <summary>The credentials that were not given, in order.</summary>
    public required IReadOnlyList<CredentialRefusal> Refusals { get; init; }
}
