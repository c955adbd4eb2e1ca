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
    private readonly Dictionary<string, List<(long Index, TrustChange Change)>> _changes = new(StringComparer.Ordinal);

    /// <summary>The last accepted change of a trust domain; null before the first.</summary>
    public TrustChange? LastOf(string trustDomain) => _changes.GetValueOrDefault(trustDomain)?[^1].Change;

    /// <summary>Takes a change into account. Changes come in the ledger's order.</summary>
    public void Accept(long index, TrustChange change)
    {
        if (!_changes.TryGetValue(change.TrustDomain, out var changes))
        {
            _changes.Add(change.TrustDomain, changes = []);
        }

        changes.Add((index, change));
    }

    /// <summary>The roots in force for the statement at an index: a change counts for the statements behind it.</summary>
    public TrustEpoch At(string trustDomain, long index)
    {
        var changes = _changes.GetValueOrDefault(trustDomain);
        var number = changes?.Count(change => change.Index < index) ?? 0;
        return number == 0 ? new TrustEpoch(0, policy.RootsOf(trustDomain)) : new TrustEpoch(number, changes![number - 1].Change.Roots);
    }

    /// <summary>The roots that are not in force at an index and were before, or will be; for each whether it was before.</summary>
    public IEnumerable<(ReadOnlyMemory<byte> Root, bool WasBefore)> Others(string trustDomain, long index)
    {
        var present = At(trustDomain, index);
        var changes = _changes.GetValueOrDefault(trustDomain) ?? [];
        var epochs = changes.Select(change => change.Change.Roots).Prepend(policy.RootsOf(trustDomain)).ToList();
        var seen = new HashSet<Digest>(present.Roots.Select(root => Digest.Sha256(root.Span)));
        foreach (var (roots, number) in epochs.Select((roots, number) => (roots, number)))
        {
            foreach (var root in roots.Where(root => seen.Add(Digest.Sha256(root.Span))))
            {
                yield return (root, number < present.Number);
            }
        }
    }
}
