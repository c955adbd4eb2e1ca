using Cairn.Evidence.Checkpoints;

namespace Cairn.Evidence.Trust;

/// <summary>One change of a log's keys (docs/spec/verification.md §12): the trees of at most that size were signed by the old keys.</summary>
/// <param name="Size">The size of the succession checkpoint, which old and new keys signed: the largest tree that the old keys speak for.</param>
/// <param name="Old">The keys that were retired.</param>
/// <param name="New">The keys that took their place.</param>
public sealed record KeySuccession(long Size, IReadOnlyList<VerifierKey> Old, IReadOnlyList<VerifierKey> New);

/// <summary>
/// Which keys of a log must have signed its trees, by their size: those of the verifier's policy, with the successions that
/// were proven to it (docs/spec/trust-policy.md §4, docs/spec/verification.md §12).
/// </summary>
public sealed class LogKeyHistory
{
    private readonly LogPolicy _policy;
    private readonly string _origin;
    private readonly long _newest;
    private readonly List<KeySuccession> _successions = [];
    private List<VerifierKey> _keys;

    /// <summary>A log's keys as the policy alone has them for a tree of that size.</summary>
    /// <param name="policy">The verifier's policy.</param>
    /// <param name="origin">The log.</param>
    /// <param name="newest">Statements in the largest tree that is asked about.</param>
    public LogKeyHistory(LogPolicy policy, string origin, long newest)
    {
        (_policy, _origin, _newest) = (policy, origin, newest);
        _keys = [.. policy.Logs.Select(log => log.Key).Where(key => key.Name == origin)];
        foreach (var retired in RetiredByPolicy().Where(group => group.Key >= newest))
        {
            _keys = Before(_keys, [.. retired.Select(one => one.Key)]);
        }
    }

    /// <summary>The keys that must have signed the largest tree.</summary>
    public IReadOnlyList<VerifierKey> Newest => _keys;

    /// <summary>The successions that were taken into account, by ascending size.</summary>
    public IReadOnlyList<KeySuccession> Successions => _successions;

    /// <summary>Takes a proven succession into account: its new keys follow the old ones, if those were the log's. They come by ascending size.</summary>
    public void Follow(KeySuccession succession)
    {
        ArgumentNullException.ThrowIfNull(succession);
        _successions.Add(succession);
        if (Meets(succession.Old))
        {
            _keys = [.. _keys.Except(succession.Old).Except(succession.New), .. succession.New];
        }
    }

    /// <summary>Whether one of those keys is in force now.</summary>
    public bool Meets(IReadOnlyList<VerifierKey> keys) => _keys.Intersect(keys).Any();

    /// <summary>The keys that must have signed a tree of that size.</summary>
    public IReadOnlyList<VerifierKey> At(long size)
    {
        // From the newest keys back over each change, of the policy or proven, that lies between.
        var keys = _keys;
        var changes = RetiredByPolicy().Where(group => group.Key < _newest).Select(group => (Size: group.Key, Policy: (IReadOnlyList<VerifierKey>)[.. group.Select(one => one.Key)], Proven: (KeySuccession?)null))
            .Concat(_successions.Select(one => (one.Size, (IReadOnlyList<VerifierKey>)[], (KeySuccession?)one)))
            .Where(change => change.Size >= size).OrderByDescending(change => change.Size);
        foreach (var (_, policy, proven) in changes)
        {
            keys = proven is null ? Before(keys, policy)
                : keys.Intersect(proven.New).Any() ? [.. keys.Except(proven.New).Except(proven.Old), .. proven.Old]
                : keys;
        }

        return keys;
    }

    /// <summary>The keys that may not have signed a tree of that size: retired before.</summary>
    public IReadOnlyList<VerifierKey> RetiredBefore(long size) =>
        [.. _policy.Retired.Where(retired => retired.Key.Name == _origin && retired.Size < size).Select(retired => retired.Key)
            .Concat(_successions.Where(one => one.Size < size).SelectMany(one => one.Old)).Distinct()];

    /// <summary>Every key of the log that is known: of the policy, in force or retired, and of proven successions.</summary>
    public IEnumerable<VerifierKey> Known =>
        _policy.Logs.Select(log => log.Key).Where(key => key.Name == _origin).Concat(_policy.Retired.Select(retired => retired.Key).Where(key => key.Name == _origin))
            .Concat(_successions.SelectMany(one => one.Old.Concat(one.New))).Distinct();

    /// <summary>The keys before some were retired: those stand in for the present ones of their algorithms.</summary>
    private static List<VerifierKey> Before(IEnumerable<VerifierKey> keys, IReadOnlyList<VerifierKey> retired) =>
        [.. keys.Where(key => !retired.Any(old => old.Type == key.Type)), .. retired];

    private IEnumerable<IGrouping<long, RetiredKey>> RetiredByPolicy() =>
        _policy.Retired.Where(retired => retired.Key.Name == _origin).GroupBy(retired => retired.Size).OrderByDescending(group => group.Key);
}
