namespace Cairn.Evidence.Verification;

/// <summary>
/// The stable codes of everything that a verification can object to (docs/verdicts.md says what each means and does not
/// prove). A code never changes its meaning.
/// </summary>
public static class ReasonCodes
{
    /// <summary>Integrity: the zip ends before its directory says.</summary>
    public const string ZipTruncated = "zip-truncated";

    /// <summary>Integrity: the zip has another form than bundles have.</summary>
    public const string ZipMalformed = "zip-malformed";

    /// <summary>Integrity: a file's name is a path or holds characters that no name has.</summary>
    public const string ZipPath = "zip-path";

    /// <summary>Integrity: two files have one name.</summary>
    public const string ZipDuplicateEntry = "zip-duplicate-entry";

    /// <summary>Integrity: a file that bundles do not have.</summary>
    public const string ZipUnknownEntry = "zip-unknown-entry";

    /// <summary>Integrity: a file that every bundle has is not there.</summary>
    public const string ZipMissingEntry = "zip-missing-entry";

    /// <summary>Integrity: a file is compressed by another method than stored or deflated.</summary>
    public const string ZipMethod = "zip-method";

    /// <summary>Integrity: a file is encrypted.</summary>
    public const string ZipEncrypted = "zip-encrypted";

    /// <summary>Integrity: a file inflates beyond the ratio, its declared size or the verifier's limit.</summary>
    public const string ZipBomb = "zip-bomb";

    /// <summary>Integrity: compressed data or its CRC-32 is damaged.</summary>
    public const string ZipCorrupt = "zip-corrupt";

    /// <summary>Integrity: manifest.json has another form.</summary>
    public const string ManifestMalformed = "manifest-malformed";

    /// <summary>Integrity: manifest.json does not describe what the bundle holds.</summary>
    public const string ManifestMismatch = "manifest-mismatch";

    /// <summary>Integrity: a file is not the one that the manifest lists.</summary>
    public const string FileDigest = "file-digest";

    /// <summary>Integrity: a line of a file has another form.</summary>
    public const string LineMalformed = "line-malformed";

    /// <summary>Integrity: a file is larger than a verifier reads.</summary>
    public const string FileTooLarge = "file-too-large";

    /// <summary>Integrity: no policy was given and the bundle's own can't be read.</summary>
    public const string TrustPolicyMalformed = "trust-policy-malformed";

    /// <summary>Integrity: the checkpoint can't be read.</summary>
    public const string CheckpointMalformed = "checkpoint-malformed";

    /// <summary>Integrity: the checkpoint is another log's than the trust policy names.</summary>
    public const string CheckpointOrigin = "checkpoint-origin";

    /// <summary>Integrity: a log key of the policy did not sign the checkpoint.</summary>
    public const string CheckpointUnsigned = "checkpoint-unsigned";

    /// <summary>Integrity: a known log key's signature on the checkpoint does not verify.</summary>
    public const string CheckpointSignature = "checkpoint-signature";

    /// <summary>Integrity: a known witness's cosignature does not verify.</summary>
    public const string CosignatureInvalid = "cosignature-invalid";

    /// <summary>Integrity: the policy's quorum of witnesses did not cosign.</summary>
    public const string QuorumNotMet = "quorum-not-met";

    /// <summary>Integrity: a time stamp token is none of the profile.</summary>
    public const string TimestampMalformed = "timestamp-malformed";

    /// <summary>Integrity: a time stamp token is over something else than its checkpoint.</summary>
    public const string TimestampImprint = "timestamp-imprint";

    /// <summary>Integrity: the signer of a time stamp token has a certificate that is not for time stamping alone.</summary>
    public const string TimestampUsage = "timestamp-usage";

    /// <summary>Integrity: a timestamper's certificate was not valid at its token's time.</summary>
    public const string TimestampExpired = "timestamp-expired";

    /// <summary>Integrity: a time stamp token's signature does not verify.</summary>
    public const string TimestampSignature = "timestamp-signature";

    /// <summary>Integrity: a larger tree existed before a smaller one was the largest: one of two times is wrong.</summary>
    public const string TimeContradicted = "time-contradicted";

    /// <summary>Integrity: a certificate is not the one that its hash names.</summary>
    public const string CertificateMismatch = "certificate-mismatch";

    /// <summary>Integrity: a tree head that an emitter was shown is not one that the checkpoint extends.</summary>
    public const string HeadInconsistent = "head-inconsistent";

    /// <summary>Integrity: a statement names a tree head without a proof in the bundle.</summary>
    public const string HeadMissing = "head-missing";

    /// <summary>Integrity: a statement stands before the tree head that it names.</summary>
    public const string HeadAfterStatement = "head-after-statement";

    /// <summary>Integrity: a statement can't be read.</summary>
    public const string StatementMalformed = "statement-malformed";

    /// <summary>Integrity: a statement without a proof, or a proof without a statement.</summary>
    public const string StatementUnpaired = "statement-unpaired";

    /// <summary>Integrity: statements are not in strictly ascending ledger order.</summary>
    public const string IndexOrder = "index-order";

    /// <summary>Integrity: an inclusion path has the wrong length, or the index lies outside the checkpoint's tree.</summary>
    public const string InclusionPath = "inclusion-path";

    /// <summary>Integrity: an inclusion path leads to another root than the checkpoint's.</summary>
    public const string InclusionRoot = "inclusion-root";

    /// <summary>Integrity: the trust policy has no rule for the issuer.</summary>
    public const string IssuerUnknown = "issuer-unknown";

    /// <summary>Integrity: the bundle has no certificate for a statement.</summary>
    public const string CertificateMissing = "certificate-missing";

    /// <summary>Integrity: a certificate chain does not lead to the trust domain's root, or names another workload.</summary>
    public const string CertificateUntrusted = "certificate-untrusted";

    /// <summary>Integrity: a certificate was not valid at any time at which the statement can have been signed.</summary>
    public const string CertificateExpired = "certificate-expired";

    /// <summary>Integrity: a statement leads to a root that joined its trust domain's bundle only later in the ledger.</summary>
    public const string RootNotYetTrusted = "root-not-yet-trusted";

    /// <summary>Integrity: a statement leads to a root that was taken out of its trust domain's bundle earlier in the ledger.</summary>
    public const string RootRemoved = "root-removed";

    /// <summary>Integrity: a change of a trust bundle can't be read.</summary>
    public const string TrustChangeMalformed = "trust-change-malformed";

    /// <summary>Integrity: a change of a trust bundle is not an operator's of the trust policy.</summary>
    public const string TrustChangeUntrusted = "trust-change-untrusted";

    /// <summary>Integrity: a change of a trust bundle does not follow the one before it: one was left out.</summary>
    public const string TrustChangeMissing = "trust-change-missing";

    /// <summary>Integrity: a statement's key was revoked, and nothing proves that it was signed before.</summary>
    public const string KeyRevoked = "key-revoked";

    /// <summary>Integrity: a statement's signature does not verify under its issuer's key.</summary>
    public const string StatementSignature = "statement-signature";

    /// <summary>Integrity: a stream changed its issuer.</summary>
    public const string StreamIssuer = "stream-issuer";

    /// <summary>Integrity: a stream's statements stand in another order than they were made.</summary>
    public const string StreamOrder = "stream-order";

    /// <summary>Integrity: a statement names another predecessor than the one before it.</summary>
    public const string StreamPrevious = "stream-previous";

    /// <summary>Integrity: a statement's records are not those that it signs.</summary>
    public const string RecordsRoot = "records-root";

    /// <summary>Integrity: records and proofs do not fit in number.</summary>
    public const string RecordsCount = "records-count";

    /// <summary>Integrity: a record is not I-JSON or lacks a common member.</summary>
    public const string RecordMalformed = "record-malformed";

    /// <summary>Integrity: a record belongs to another trail.</summary>
    public const string RecordTrace = "record-trace";

    /// <summary>Integrity: two records have one id.</summary>
    public const string RecordDuplicate = "record-duplicate";

    /// <summary>Integrity: an emitter's ordinal comes again or goes back.</summary>
    public const string SequenceRepeated = "sequence-repeated";

    /// <summary>Integrity: a disclosed content is not the one that was committed to.</summary>
    public const string ContentMismatch = "content-mismatch";

    /// <summary>Integrity: a disclosed content belongs to no record of the bundle.</summary>
    public const string ContentUnclaimed = "content-unclaimed";

    /// <summary>Integrity: a policy bundle is not the one that its digest names.</summary>
    public const string PolicyMismatch = "policy-mismatch";

    /// <summary>Integrity: no decision of the bundle names this policy bundle or engine.</summary>
    public const string PolicyUnclaimed = "policy-unclaimed";

    /// <summary>Corroboration: a policy decision does not follow from its recorded input, policy bundle and engine.</summary>
    public const string DecisionDiffers = "decision-differs";

    /// <summary>Completeness: records of an emitter are missing from its sequence.</summary>
    public const string SequenceGap = "sequence-gap";

    /// <summary>Completeness: an emitter's part of the trail has no end.</summary>
    public const string EmitterOpen = "emitter-open";

    /// <summary>Completeness: an emitter that others count is not in the bundle.</summary>
    public const string EmitterMissing = "emitter-missing";

    /// <summary>Completeness: an emitter has fewer records than another counted.</summary>
    public const string RecordsMissing = "records-missing";

    /// <summary>Completeness: an emitter's own count at its end is not the number of its records.</summary>
    public const string CountMismatch = "count-mismatch";

    /// <summary>Completeness: an action was requested and has no outcome.</summary>
    public const string ActionOpen = "action-open";

    /// <summary>Completeness: an outcome names no open request of its emitter.</summary>
    public const string ActionUnrequested = "action-unrequested";

    /// <summary>Completeness: a record's own member lacks what its kind asks for.</summary>
    public const string RecordBody = "record-body";

    /// <summary>Warning: an emitter declared that something was lost, refused or unreadable; completeness is unproven.</summary>
    public const string GapDeclared = "gap-declared";

    /// <summary>Integrity: a succession of the log's keys, its checkpoint, statement or record, does not have their form.</summary>
    public const string SuccessionMalformed = "succession-malformed";

    /// <summary>Integrity: a succession checkpoint lacks a good signature by one of the keys that were retired, or that took their place.</summary>
    public const string SuccessionUnsigned = "succession-unsigned";

    /// <summary>Integrity: whoever retired the log's keys is no operator by the trust policy.</summary>
    public const string SuccessionUntrusted = "succession-untrusted";

    /// <summary>Integrity: the new keys of a log lack an algorithm that the old ones had.</summary>
    public const string SuccessionDowngrade = "succession-downgrade";

    /// <summary>Integrity: a key that was retired signed a larger tree than it speaks for.</summary>
    public const string KeyRetired = "key-retired";

    /// <summary>Integrity: a key of an algorithm that this version does not know was to be trusted.</summary>
    public const string AlgorithmUnknown = "algorithm-unknown";

    /// <summary>Completeness: the bundle has no record.</summary>
    public const string TrailEmpty = "trail-empty";

    /// <summary>Warning: a record's time is later than the checkpoint that holds it.</summary>
    public const string TimeAfterCheckpoint = "time-after-checkpoint";

    /// <summary>Warning: nobody whom the trust policy names made a time stamp token; it claims nothing.</summary>
    public const string TimestampUnknown = "timestamp-unknown";

    /// <summary>Warning: an emitter's clock went back.</summary>
    public const string ClockWentBack = "clock-went-back";

    /// <summary>Warning: a statement was signed before its key's revocation by the log's own word alone.</summary>
    public const string BeforeRevocationByLog = "before-revocation-by-log";

    /// <summary>Warning: a certificate became valid only after the records that it signs.</summary>
    public const string CertificateLater = "certificate-later";
}
