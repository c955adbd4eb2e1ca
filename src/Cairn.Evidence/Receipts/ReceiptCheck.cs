using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Receipts;

/// <summary>What a policy says of a statement's receipts. <see cref="Failures"/> is empty exactly when they are accepted.</summary>
/// <param name="Failures">Each names what was expected and what was found.</param>
/// <param name="Keys">The log keys of the policy that signed a good receipt.</param>
/// <param name="Index">The statement's index, as good receipts say.</param>
/// <param name="Head">The largest tree that a good receipt is of, its size as the receipt says.</param>
/// <param name="IsPlaceProved">
/// Whether index and size are proved: a receipt signs the root alone, and one path can stand for several places. Only a
/// checkpoint, which signs the size, fixes both.
/// </param>
public sealed record ReceiptVerdict(IReadOnlyList<string> Failures, IReadOnlyList<VerifierKey> Keys, long? Index, TreeHead? Head, bool IsPlaceProved)
{
    /// <summary>Whether the receipts are accepted.</summary>
    public bool Accepted => Failures.Count == 0;
}

/// <summary>
/// Judges a statement's COSE Receipts by a verifier's policy (docs/spec/receipts.md §6), as strictly as a checkpoint: each of
/// the log's keys must have signed, and a quorum, which no receipt carries, must be shown by the signed checkpoint.
/// </summary>
public static class ReceiptCheck
{
    /// <summary>Checks receipts of inclusion. It does not check the statement's own signature.</summary>
    /// <param name="statement">The statement as the ledger holds it.</param>
    /// <param name="receipts">Its receipts; those of logs that the policy does not name count for nothing.</param>
    /// <param name="policy">The verifier's log keys, witnesses and quorum.</param>
    /// <param name="checkpoint">A signed checkpoint with cosignatures, of the largest tree of the receipts; needed where the policy has a quorum.</param>
    /// <exception cref="EvidenceFormatException">The note's body is not a checkpoint.</exception>
    public static ReceiptVerdict Run(SignedStatement statement, IReadOnlyList<CoseReceipt> receipts, LogPolicy policy, SignedNote? checkpoint = null)
    {
        ArgumentNullException.ThrowIfNull(statement);
        ArgumentNullException.ThrowIfNull(receipts);
        ArgumentNullException.ThrowIfNull(policy);
        var failures = new List<string>();
        var good = new List<(VerifierKey Key, CoseReceipt Receipt, Digest Root)>();
        for (var i = 0; i < receipts.Count; i++)
        {
            if (Judge(statement, receipts[i], policy) is var (key, root, failure) && failure is null && key is not null)
            {
                good.Add((key, receipts[i], root));
            }
            else if (failure is not null)
            {
                failures.Add($"receipt {i + 1}: {failure}");
            }
        }

        var origins = good.Select(one => one.Key.Name).Distinct().ToList();
        if (origins.Count == 0)
        {
            if (failures.Count > 0)
            {
                return new ReceiptVerdict(failures, [], null, null, false);
            }

            failures.Add("no receipt by a log that the policy names; it names " + string.Join(", ", policy.Logs.Select(log => log.Key.Name).Distinct().DefaultIfEmpty("none")));
            return new ReceiptVerdict(failures, [], null, null, false);
        }

        foreach (var origin in origins)
        {
            var size = good.Where(one => one.Key.Name == origin).Max(one => one.Receipt.Proof.Size);
            failures.AddRange(Missing(policy, origin, size, [.. good.Select(one => one.Key)]).Select(missing => $"{missing}; a transparent statement carries one by each key"));
        }

        foreach (var places in good.GroupBy(one => one.Key.Name).Where(log => log.Select(one => one.Receipt.Proof.Second).Distinct().Count() > 1))
        {
            failures.Add($"the receipts of {places.Key} give the statement the indices {string.Join(" and ", places.Select(one => one.Receipt.Proof.Second).Distinct())}");
        }

        var largest = good.MaxBy(one => one.Receipt.Proof.Size);
        var head = new TreeHead(largest.Receipt.Proof.Size, largest.Root);
        Quorum(policy, checkpoint, largest.Key.Name, head, failures);
        return new ReceiptVerdict(failures, [.. good.Select(one => one.Key).Distinct()], largest.Receipt.Proof.Second, head, checkpoint is not null && failures.Count == 0);
    }

    private static (VerifierKey? Key, Digest Root, string? Failure) Judge(SignedStatement statement, CoseReceipt receipt, LogPolicy policy)
    {
        if (!receipt.Proof.IsInclusion)
        {
            return (null, default, "expected a receipt of inclusion, found one of consistency");
        }

        var (key, fault) = KeyOf(receipt, policy, receipt.Proof.Size);
        if (key is null)
        {
            return (null, default, fault);
        }

        if (receipt.Subject != statement.Payload.Stream.ToString())
        {
            return (null, default, $"expected the statement's sub {statement.Payload.Stream}, found {Hex.Excerpt(receipt.Subject)}");
        }

        if (receipt.RootFor(statement.LeafHash) is not { } root)
        {
            return (null, default, $"a path of {receipt.Proof.Path.Count} hashes does not fit leaf {receipt.Proof.Second} of {receipt.Proof.First}");
        }

        return receipt.Verify(key, root)
            ? (key, root, null)
            : (null, default, $"the statement at index {receipt.Proof.Second} leads to the root {root} of size {receipt.Proof.Size}, which the signature by {key.Name}+{key.KeyId:x8} is not over");
    }

    /// <summary>The key of the policy that a receipt says it is signed by; neither key nor fault for a log that the policy does not name.</summary>
    /// <param name="receipt">The receipt.</param>
    /// <param name="policy">The verifier's policy.</param>
    /// <param name="size">Statements in the tree whose root it signs: a retired key speaks for small ones alone.</param>
    internal static (VerifierKey? Key, string? Fault) KeyOf(CoseReceipt receipt, LogPolicy policy, long size)
    {
        var named = policy.Logs.Select(log => log.Key).Concat(policy.Retired.Select(retired => retired.Key)).Where(key => key.Name == receipt.Issuer).ToList();
        if (named.Count == 0)
        {
            return (null, null);
        }

        if (named.Find(key => receipt.KeyId is { } kid && kid.Span.SequenceEqual(CoseKey.Thumbprint(key).ToArray())) is not { } key)
        {
            return (null, $"expected a key of {receipt.Issuer} that the policy names, found {(receipt.KeyId is { } other ? $"kid {Convert.ToHexStringLower(other.Span)}" : "no kid")}");
        }

        return policy.Retired.FirstOrDefault(retired => retired.Key.Equals(key)) is { } past && size > past.Size
            ? (null, $"the log key {key.Name}+{key.KeyId:x8} was retired and speaks for trees of at most {past.Size} statements, not of {size}")
            : (key, null);
    }

    /// <summary>The keys that the policy gives to that log for a tree of that size and that signed no good receipt: whoever breaks one algorithm must not get by with leaving out the other.</summary>
    internal static IEnumerable<string> Missing(LogPolicy policy, string origin, long size, IReadOnlyList<VerifierKey> good) =>
        from key in new LogKeyHistory(policy, origin, size).Newest
        where !good.Contains(key)
        select $"no receipt by log key {key.Name}+{key.KeyId:x8} ({(key.Type == KeyType.MlDsa44 ? "ML-DSA-44" : "Ed25519")})";

    /// <summary>Holds a checkpoint against the tree of the receipts, and asks for it where the policy has a quorum.</summary>
    internal static void Quorum(LogPolicy policy, SignedNote? note, string origin, TreeHead head, List<string> failures)
    {
        if (note is null)
        {
            if (policy.Quorum is not null)
            {
                failures.Add($"the policy asks for the quorum {policy.Quorum}, and a COSE receipt carries no cosignatures: give the signed checkpoint of size {head.Size}");
            }

            return;
        }

        var checkpoint = Checkpoint.Of(note);
        if (checkpoint.Origin != origin || checkpoint.Head != head)
        {
            failures.Add($"expected a checkpoint of {origin} with size {head.Size} and root {head.Root}, found {checkpoint.Origin} with size {checkpoint.Size} and root {checkpoint.Root}");
        }

        failures.AddRange(policy.Check(note).Failures.Select(failure => $"checkpoint: {failure}"));
    }
}
