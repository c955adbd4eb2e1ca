using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Witnessing;

/// <summary>What a fork proof shows. <see cref="Failures"/> is empty exactly when it proves that the log was forked.</summary>
/// <param name="Origin">The log's origin, as the older checkpoint says it.</param>
/// <param name="Older">The older head.</param>
/// <param name="Newer">The newer head.</param>
/// <param name="PrefixRoot">The root that the newer tree has over the older size; null where the proof does not lead there.</param>
/// <param name="Keys">The log's keys that signed both.</param>
/// <param name="Witnesses">The policy's witnesses that cosigned both: they lied too.</param>
/// <param name="Failures">Why it proves nothing.</param>
public sealed record ForkVerdict(
    string Origin, TreeHead Older, TreeHead Newer, Digest? PrefixRoot, IReadOnlyList<VerifierKey> Keys, IReadOnlyList<string> Witnesses, IReadOnlyList<string> Failures)
{
    /// <summary>Whether the log was forked.</summary>
    public bool IsProven => Failures.Count == 0;

    /// <summary>Judges a proof by the log's keys, which must come from elsewhere than the proof.</summary>
    /// <param name="proof">The proof.</param>
    /// <param name="logKeys">The log's keys. Each checkpoint needs a good signature by one of them, and none that is bad.</param>
    /// <param name="witnesses">Witnesses to look for on both.</param>
    /// <param name="retired">Keys that the log had before: the word of one counts up to its size, since beyond it may be a thief's.</param>
    /// <exception cref="EvidenceFormatException">A note is no checkpoint.</exception>
    public static ForkVerdict Of(ForkProof proof, IReadOnlyList<VerifierKey> logKeys, IReadOnlyList<PolicyWitness> witnesses, IReadOnlyList<RetiredKey>? retired = null)
    {
        var (older, newer) = (Checkpoint.Of(proof.Older), Checkpoint.Of(proof.Newer));
        var failures = new List<string>();
        if (older.Origin != newer.Origin)
        {
            failures.Add($"the checkpoints are of two logs: {older.Origin} and {newer.Origin}");
        }

        List<VerifierKey> KeysAt(long size) =>
            [.. logKeys.Concat((retired ?? []).Where(one => one.Size >= size).Select(one => one.Key)).Where(key => key.Name == older.Origin)];
        var (olderKeys, newerKeys) = (KeysAt(older.Size), KeysAt(newer.Size));
        if (olderKeys.Count + newerKeys.Count == 0)
        {
            failures.Add($"none of the given keys is of the log {older.Origin}");
        }
        else
        {
            CheckSignatures("older", proof.Older, olderKeys, failures);
            CheckSignatures("newer", proof.Newer, newerKeys, failures);
        }

        var prefix = PrefixRootOf(proof, older.Head, newer.Head, failures);
        return new ForkVerdict(
            older.Origin, older.Head, newer.Head, prefix,
            [.. olderKeys.Intersect(newerKeys).Where(key => IsGood(key, proof.Older) && IsGood(key, proof.Newer))],
            [.. witnesses.Where(witness => IsGood(witness.Key, proof.Older) && IsGood(witness.Key, proof.Newer)).Select(witness => witness.Name)],
            failures);
    }

    private static bool IsGood(VerifierKey key, SignedNote note) => key.Verify(note).Result == NoteCheckResult.Good;

    private static void CheckSignatures(string which, SignedNote note, List<VerifierKey> keys, List<string> failures)
    {
        var results = keys.Select(key => key.Verify(note).Result).ToList();
        if (results.Contains(NoteCheckResult.Bad) || !results.Contains(NoteCheckResult.Good))
        {
            failures.Add($"the {which} checkpoint has {(results.Contains(NoteCheckResult.Bad) ? "a signature by the log's key that does not verify" : "no signature by the log's keys")}");
        }
    }

    private static Digest? PrefixRootOf(ForkProof proof, TreeHead older, TreeHead newer, List<string> failures)
    {
        if (older.Size == newer.Size)
        {
            if (older.Root == newer.Root)
            {
                failures.Add("both checkpoints are of the same tree");
            }

            return newer.Root;
        }

        if (ConsistencyProof.PrefixRoots(older.Size, newer.Size, [.. proof.Prefix]) is not { } roots || roots.Newer != newer.Root)
        {
            failures.Add($"the prefix path does not lead to the newer checkpoint's root {newer.Root}");
            return null;
        }

        if (roots.Older == older.Root)
        {
            failures.Add("the newer checkpoint extends the older: there is no fork");
        }

        return roots.Older;
    }
}
