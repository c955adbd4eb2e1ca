namespace Cairn.Evidence.Trust;

/// <summary>The roots of one trust domain from one change on.</summary>
/// <param name="Number">0 before any change, then 1, 2 …</param>
/// <param name="Roots">Root certificates, DER.</param>
internal sealed record TrustEpoch(int Number, IReadOnlyList<ReadOnlyMemory<byte>> Roots);

/// <summary>
/// Which roots a trust domain had at which place of the ledger: those of the verifier's policy, until a change that was
/// accepted; from behind each change on, those that it names (docs/spec/verification.md §10).
/// </summary>
internal sealed class TrustTimeline(TrustPolicy policy)
{
    // For each trust domain its epochs, each with the index of the statement behind which it begins; -1 for the policy's.
    private readonly Dictionary<string, List<(long After, TrustEpoch Epoch)>> _epochs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TrustChange> _last = new(StringComparer.Ordinal);

    /// <summary>How many changes were accepted, of all trust domains.</summary>
    public int Changes { get; private set; }

    /// <summary>The last accepted change of a trust domain; null before the first.</summary>
    public TrustChange? LastOf(string trustDomain) => _last.GetValueOrDefault(trustDomain);

    /// <summary>Takes a change into account. Changes come in the ledger's order.</summary>
    public void Accept(long index, TrustChange change)
    {
        var epochs = EpochsOf(change.TrustDomain);
        epochs.Add((index, new TrustEpoch(epochs.Count, change.Roots)));
        _last[change.TrustDomain] = change;
        Changes++;
    }

    /// <summary>The roots in force for the statement at an index: a change counts for the statements behind it.</summary>
    public TrustEpoch At(string trustDomain, long index)
    {
        var epochs = EpochsOf(trustDomain);
        var (low, high) = (0, epochs.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) >> 1;
            (low, high) = epochs[middle].After < index ? (middle, high) : (low, middle - 1);
        }

        return epochs[low].Epoch;
    }

    /// <summary>The roots that are not in force at an index and were before, or will be; for each whether it was before.</summary>
    public IEnumerable<(ReadOnlyMemory<byte> Root, bool WasBefore)> Others(string trustDomain, long index)
    {
        var present = At(trustDomain, index);
        var seen = new HashSet<Digest>(present.Roots.Select(root => Digest.Sha256(root.Span)));
        foreach (var (_, epoch) in EpochsOf(trustDomain))
        {
            foreach (var root in epoch.Roots.Where(root => seen.Add(Digest.Sha256(root.Span))))
            {
                yield return (root, epoch.Number < present.Number);
            }
        }
    }

    private List<(long After, TrustEpoch Epoch)> EpochsOf(string trustDomain)
    {
        if (!_epochs.TryGetValue(trustDomain, out var epochs))
        {
            _epochs.Add(trustDomain, epochs = [(-1, new TrustEpoch(0, policy.RootsOf(trustDomain)))]);
        }

        return epochs;
    }
}
