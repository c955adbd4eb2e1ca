using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Timestamps;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Verification;

/// <summary>Who signed a checkpoint, of those whom the policy names (docs/spec/trust-policy.md §4, but for the quorum).</summary>
/// <param name="LogKeys">The log keys that did.</param>
/// <param name="Witnesses">The witnesses that did.</param>
/// <param name="Claims">The times in good signatures.</param>
internal sealed record SignedHead(IReadOnlyList<string> LogKeys, IReadOnlyList<string> Witnesses, IReadOnlyList<TimeClaim> Claims)
{
    /// <summary>Judges a checkpoint by the policy alone.</summary>
    public static SignedHead Judge(SignedNote note, Checkpoint checkpoint, TrustPolicy policy, string kind, FailureList failures)
    {
        var history = new LogKeyHistory(policy.Log, checkpoint.Origin, checkpoint.Size);
        return Judge(note, checkpoint, policy, history, history.Newest, kind, failures);
    }

    /// <summary>Judges a checkpoint by the log's keys of its time.</summary>
    /// <param name="note">The signed note.</param>
    /// <param name="checkpoint">What it says.</param>
    /// <param name="policy">The other logs' keys, and the witnesses.</param>
    /// <param name="history">All keys of the checkpoint's log, with their times.</param>
    /// <param name="keys">Those of them that must have signed.</param>
    /// <param name="kind">What failures call the checkpoint.</param>
    /// <param name="failures">Where failures go.</param>
    public static SignedHead Judge(
        SignedNote note, Checkpoint checkpoint, TrustPolicy policy, LogKeyHistory history, IReadOnlyList<VerifierKey> keys, string kind, FailureList failures)
    {
        var subject = Subject(checkpoint);
        if (keys.Count == 0)
        {
            var known = policy.Log.Logs.Select(log => log.Key.Name).Distinct().ToList();
            failures.Add(
                ReasonCodes.CheckpointOrigin, kind, subject,
                known.Count == 0 ? "a log that the trust policy names (it names none)" : $"a log that the trust policy names: {string.Join(", ", known)}", checkpoint.Origin);
        }

        var claims = new List<TimeClaim>();
        var signed = new List<string>();
        foreach (var key in keys)
        {
            var check = key.Verify(note);
            if (check.Result == NoteCheckResult.Good)
            {
                signed.Add(Describe(key));
                Claim(claims, TimeSource.Log, checkpoint.Origin, check.Time);
                continue;
            }

            var (code, found) = check.Result == NoteCheckResult.Absent ? (ReasonCodes.CheckpointUnsigned, "none") : (ReasonCodes.CheckpointSignature, "one that does not verify");
            failures.Add(code, kind, subject, $"a signature by log key {Describe(key)}", found);
        }

        var retired = history.RetiredBefore(checkpoint.Size);
        foreach (var key in history.Known.Except(keys).Concat(policy.Log.Logs.Select(log => log.Key).Concat(policy.Log.Retired.Select(one => one.Key)).Where(key => key.Name != checkpoint.Origin)))
        {
            var result = key.Verify(note).Result;
            if (result == NoteCheckResult.Bad)
            {
                failures.Add(ReasonCodes.CheckpointSignature, kind, subject, $"a signature by log key {Describe(key)}", "one that does not verify");
            }
            else if (result == NoteCheckResult.Good && retired.Contains(key))
            {
                failures.Add(ReasonCodes.KeyRetired, kind, subject, $"no signature by log key {Describe(key)}, which was retired before this tree", "one");
            }
        }

        if (checkpoint.Extensions is { Count: > 0 } && !keys.Any(key => key.Type == KeyType.Ed25519 && key.Verify(note).Result == NoteCheckResult.Good))
        {
            failures.Add(ReasonCodes.CheckpointUnsigned, kind, subject, "a log signature over the extension lines (trust-policy.md §4, 3)", "none");
        }

        var cosigned = new List<string>();
        foreach (var witness in policy.Log.Witnesses)
        {
            var check = witness.Key.Verify(note);
            if (check.Result == NoteCheckResult.Good)
            {
                cosigned.Add(witness.Name);
                Claim(claims, TimeSource.Witness, witness.Name, check.Time);
            }
            else if (check.Result == NoteCheckResult.Bad)
            {
                failures.Add(ReasonCodes.CosignatureInvalid, kind, subject, $"a cosignature by witness {witness.Name} that verifies", "one that does not");
            }
        }

        return new SignedHead(signed, cosigned, claims);
    }

    /// <summary>What failures call a checkpoint.</summary>
    public static string Subject(Checkpoint checkpoint) => $"{checkpoint.Origin} size {checkpoint.Size}";

    private static void Claim(List<TimeClaim> claims, TimeSource by, string name, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            claims.Add(new TimeClaim(by, name, known));
        }
    }

    /// <summary>What reports call a log key.</summary>
    public static string Describe(VerifierKey key) => $"{key.Name}+{key.KeyId:x8} ({(key.Type == KeyType.MlDsa44 ? "ML-DSA-44" : "Ed25519")})";
}
