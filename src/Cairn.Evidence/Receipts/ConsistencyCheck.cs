using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Receipts;

/// <summary>What a policy says of receipts of consistency. <see cref="Failures"/> is empty exactly when they are accepted.</summary>
/// <param name="Failures">Each names what was expected and what was found.</param>
/// <param name="Keys">The log keys of the policy that signed a good receipt.</param>
/// <param name="Older">The older tree: the checkpoint's.</param>
/// <param name="Newer">The newer tree that good receipts lead to, its size as they say.</param>
/// <param name="IsSizeProved">Whether the newer tree's size is proved: a receipt signs the root alone, a checkpoint both.</param>
public sealed record ConsistencyVerdict(IReadOnlyList<string> Failures, IReadOnlyList<VerifierKey> Keys, TreeHead Older, TreeHead? Newer, bool IsSizeProved)
{
    /// <summary>Whether the receipts are accepted.</summary>
    public bool Accepted => Failures.Count == 0;
}

/// <summary>
/// Judges COSE Receipts of consistency (RFC 9942 §5.3) by a verifier's policy (docs/spec/receipts.md §7): from the older tree, which a checkpoint that
/// the policy accepts gives, to a newer one whose root each of the log's keys signed.
/// </summary>
public static class ConsistencyCheck
{
    /// <summary>Checks receipts of consistency.</summary>
    /// <param name="receipts">Those of logs that the policy does not name count for nothing.</param>
    /// <param name="older">The signed checkpoint of the older tree.</param>
    /// <param name="policy">The verifier's log keys, witnesses and quorum.</param>
    /// <param name="newer">The signed checkpoint of the newer tree; needed where the policy has a quorum.</param>
    /// <exception cref="EvidenceFormatException">A note's body is not a checkpoint.</exception>
    public static ConsistencyVerdict Run(IReadOnlyList<CoseReceipt> receipts, SignedNote older, LogPolicy policy, SignedNote? newer = null)
    {
        ArgumentNullException.ThrowIfNull(receipts);
        ArgumentNullException.ThrowIfNull(older);
        ArgumentNullException.ThrowIfNull(policy);
        var from = Checkpoint.Of(older);
        var failures = policy.Check(older).Failures.Select(failure => $"older checkpoint: {failure}").ToList();
        var good = new List<(VerifierKey Key, TreeHead Newer)>();
        for (var i = 0; i < receipts.Count; i++)
        {
            var (key, newerHead, failure) = Judge(receipts[i], from, policy);
            if (failure is not null)
            {
                failures.Add($"receipt {i + 1}: {failure}");
            }
            else if (key is not null)
            {
                good.Add((key, newerHead));
            }
        }

        if (good.Count == 0)
        {
            if (failures.Count == 0)
            {
                failures.Add("no receipt by a log that the policy names; it names " + string.Join(", ", policy.Logs.Select(log => log.Key.Name).Distinct().DefaultIfEmpty("none")));
            }

            return new ConsistencyVerdict(failures, [], from.Head, null, false);
        }

        var keys = good.Select(one => one.Key).Distinct().ToList();
        var heads = good.Select(one => one.Newer).Distinct().ToList();
        failures.AddRange(ReceiptCheck.Missing(policy, from.Origin, heads[0].Size, keys));
        if (heads.Count > 1)
        {
            failures.Add($"the receipts lead to the trees {string.Join(" and ", heads.Select(head => $"of size {head.Size} with root {head.Root}"))}; verify those of one tree at a time");
        }

        ReceiptCheck.Quorum(policy, newer, from.Origin, heads[0], failures);
        return new ConsistencyVerdict(failures, keys, from.Head, heads[0], newer is not null && failures.Count == 0);
    }

    private static (VerifierKey? Key, TreeHead Newer, string? Failure) Judge(CoseReceipt receipt, Checkpoint older, LogPolicy policy)
    {
        var proof = receipt.Proof;
        if (proof.IsInclusion)
        {
            return (null, default, "expected a receipt of consistency, found one of inclusion");
        }

        var (key, fault) = ReceiptCheck.KeyOf(receipt, policy, proof.Second);
        if (key is null)
        {
            return (null, default, fault);
        }

        if (receipt.Issuer != older.Origin || receipt.Subject != older.Origin)
        {
            return (null, default, $"expected iss and sub {older.Origin}, the older checkpoint's, found {Hex.Excerpt(receipt.Issuer)} and {Hex.Excerpt(receipt.Subject)}");
        }

        if (proof.First != older.Size)
        {
            return (null, default, $"expected it from the tree of {older.Size}, the older checkpoint's, found it from {proof.First}");
        }

        if (ConsistencyProof.RootFrom(older.Head, proof.Second, [.. proof.Path]) is not { } root)
        {
            return (null, default, $"a path of {proof.Path.Count} hashes does not lead from the root {older.Head.Root} of {proof.First} to a tree of {proof.Second}");
        }

        return receipt.Verify(key, root)
            ? (key, new TreeHead(proof.Second, root), null)
            : (null, default, $"the path leads to the root {root} of size {proof.Second}, which the signature by {key.Name}+{key.KeyId:x8} is not over");
    }
}
