using Cairn.Evidence.Bundles;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Verification;

/// <summary>The bundle's checkpoint against the policy's log keys and witnesses (docs/spec/verification.md §3).</summary>
internal sealed class CheckpointCheck
{
    private CheckpointCheck(Checkpoint checkpoint, IReadOnlyList<string> logKeys, IReadOnlyList<string> witnesses, DateTimeOffset? time) =>
        (Checkpoint, LogKeys, Witnesses, Time) = (checkpoint, logKeys, witnesses, time);

    public Checkpoint Checkpoint { get; }

    public IReadOnlyList<string> LogKeys { get; }

    public IReadOnlyList<string> Witnesses { get; }

    /// <summary>The earliest time in a good signature by a key of the policy: everything in the tree existed by then.</summary>
    public DateTimeOffset? Time { get; }

    /// <exception cref="BundleFault">The bytes are not a signed checkpoint.</exception>
    public static CheckpointCheck Run(byte[] bytes, string manifestOrigin, TrustPolicy policy, FailureList failures)
    {
        SignedNote note;
        Checkpoint checkpoint;
        try
        {
            note = SignedNote.Parse(bytes);
            checkpoint = Checkpoint.Of(note);
        }
        catch (EvidenceFormatException error)
        {
            throw BundleFault.File(ReasonCodes.CheckpointMalformed, BundleFiles.Checkpoint, "a signed checkpoint", error.Message, error);
        }

        var subject = $"{checkpoint.Origin} size {checkpoint.Size}";
        if (checkpoint.Origin != manifestOrigin)
        {
            failures.Add(ReasonCodes.CheckpointOrigin, "checkpoint", subject, $"the origin {Hex.Excerpt(manifestOrigin)} of the manifest", checkpoint.Origin);
        }

        var keys = policy.Log.Logs.Select(log => log.Key).Where(key => key.Name == checkpoint.Origin).ToList();
        if (keys.Count == 0)
        {
            var known = policy.Log.Logs.Select(log => log.Key.Name).Distinct().ToList();
            failures.Add(
                ReasonCodes.CheckpointOrigin, "checkpoint", subject,
                known.Count == 0 ? "a log that the trust policy names (it names none)" : $"a log that the trust policy names: {string.Join(", ", known)}", checkpoint.Origin);
        }

        DateTimeOffset? earliest = null;
        var signed = new List<string>();
        foreach (var key in keys)
        {
            var check = key.Verify(note);
            if (check.Result == NoteCheckResult.Good)
            {
                signed.Add(Describe(key));
                earliest = Earlier(earliest, check.Time);
                continue;
            }

            var (code, found) = check.Result == NoteCheckResult.Absent ? (ReasonCodes.CheckpointUnsigned, "none") : (ReasonCodes.CheckpointSignature, "one that does not verify");
            failures.Add(code, "checkpoint", subject, $"a signature by log key {Describe(key)}", found);
        }

        foreach (var key in policy.Log.Logs.Select(log => log.Key).Where(key => key.Name != checkpoint.Origin && key.Verify(note).Result == NoteCheckResult.Bad))
        {
            failures.Add(ReasonCodes.CheckpointSignature, "checkpoint", subject, $"a signature by log key {Describe(key)}", "one that does not verify");
        }

        if (checkpoint.Extensions is { Count: > 0 } && !keys.Any(key => key.Type == KeyType.Ed25519 && key.Verify(note).Result == NoteCheckResult.Good))
        {
            failures.Add(ReasonCodes.CheckpointUnsigned, "checkpoint", subject, "a log signature over the extension lines (trust-policy.md §4, 3)", "none");
        }

        var cosigned = new List<string>();
        foreach (var witness in policy.Log.Witnesses)
        {
            var check = witness.Key.Verify(note);
            if (check.Result == NoteCheckResult.Good)
            {
                cosigned.Add(witness.Name);
                earliest = Earlier(earliest, check.Time);
            }
            else if (check.Result == NoteCheckResult.Bad)
            {
                failures.Add(ReasonCodes.CosignatureInvalid, "checkpoint", subject, $"a cosignature by witness {witness.Name} that verifies", "one that does not");
            }
        }

        if (!policy.Log.IsQuorum(cosigned))
        {
            failures.Add(
                ReasonCodes.QuorumNotMet, "checkpoint", subject, $"cosignatures that meet the quorum {policy.Log.Quorum}", cosigned.Count == 0 ? "none" : $"those of {string.Join(", ", cosigned)}");
        }

        return new CheckpointCheck(checkpoint, signed, cosigned, earliest);
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? a, DateTimeOffset? b) => a is null || b < a ? b ?? a : a;

    private static string Describe(VerifierKey key) => $"{key.Name}+{key.KeyId:x8} ({(key.Type == KeyType.MlDsa44 ? "ML-DSA-44" : "Ed25519")})";
}
