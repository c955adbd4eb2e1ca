namespace Cairn.Evidence.Timestamps;

/// <summary>Computes brackets from anchors (docs/spec/timestamps.md §5): two binary searches for each.</summary>
public sealed class TimeBrackets
{
    private readonly long[] _sizes;
    private readonly Dictionary<TimeSource, (TimeClaim?[] Before, TimeClaim?[] After)> _bounds = [];

    /// <summary>Takes anchors in any order; those of one size are one.</summary>
    public TimeBrackets(IEnumerable<TimeAnchor> anchors)
    {
        Anchors = [.. anchors.Where(anchor => anchor.Claims.Count > 0).GroupBy(anchor => anchor.Size).OrderBy(group => group.Key)
            .Select(group => new TimeAnchor(group.Key, [.. group.SelectMany(anchor => anchor.Claims).Distinct()]))];
        _sizes = [.. Anchors.Select(anchor => anchor.Size)];
        foreach (var source in Enum.GetValues<TimeSource>())
        {
            _bounds.Add(source, (LatestUpTo(source), EarliestFrom(source)));
        }
    }

    /// <summary>The anchors that have claims, by ascending size.</summary>
    public IReadOnlyList<TimeAnchor> Anchors { get; }

    /// <summary>A statement's bracket by the word of one kind of party.</summary>
    /// <param name="source">What kind of party.</param>
    /// <param name="index">The statement's index in the ledger.</param>
    /// <param name="knownSize">Size of the tree head that the statement names as known; 0 where it names none.</param>
    public TimeBracket Of(TimeSource source, long index, long knownSize)
    {
        var (before, after) = _bounds[source];
        var (larger, smaller) = (FirstAbove(index), FirstAbove(knownSize - 1) - 1);
        return new TimeBracket(source, smaller < 0 ? null : before[smaller], larger == _sizes.Length ? null : after[larger]);
    }

    /// <summary>A statement's brackets that have a bound, one for each kind of party.</summary>
    /// <param name="index">The statement's index in the ledger.</param>
    /// <param name="knownSize">Size of the tree head that the statement names as known; 0 where it names none.</param>
    public IReadOnlyList<TimeBracket> Of(long index, long knownSize) =>
        [.. Enum.GetValues<TimeSource>().Select(source => Of(source, index, knownSize)).Where(bracket => bracket.NotBefore is not null || bracket.NotAfter is not null)];

    /// <summary>Claims that are earlier than the time at which a smaller tree was the largest, with that time's claim.</summary>
    /// <param name="tolerance">How far clocks may differ.</param>
    public IEnumerable<(TimeAnchor Anchor, TimeClaim Claim, TimeClaim Earlier)> Contradictions(TimeSpan tolerance)
    {
        TimeClaim? latest = null;
        foreach (var anchor in Anchors)
        {
            foreach (var claim in anchor.Claims.Where(claim => latest is not null && latest.Time - claim.NotAfter > tolerance))
            {
                yield return (anchor, claim, latest!);
            }

            latest = anchor.Claims.Where(SaysLargest).Append(latest).MaxBy(claim => claim?.Time);
        }
    }

    /// <summary>Logs and witnesses know the ledger's trees; a timestamper knows only the bytes that it stamps.</summary>
    private static bool SaysLargest(TimeClaim claim) => claim.By != TimeSource.Timestamper;

    private TimeClaim?[] LatestUpTo(TimeSource source)
    {
        var latest = new TimeClaim?[Anchors.Count];
        for (var i = 0; i < latest.Length; i++)
        {
            latest[i] = Anchors[i].Claims.Where(claim => claim.By == source && SaysLargest(claim)).Append(i == 0 ? null : latest[i - 1]).MaxBy(claim => claim?.Time);
        }

        return latest;
    }

    private TimeClaim?[] EarliestFrom(TimeSource source)
    {
        var earliest = new TimeClaim?[Anchors.Count];
        for (var i = earliest.Length - 1; i >= 0; i--)
        {
            earliest[i] = Anchors[i].Claims.Where(claim => claim.By == source).Append(i == earliest.Length - 1 ? null : earliest[i + 1])
                .Where(claim => claim is not null).MinBy(claim => claim!.NotAfter);
        }

        return earliest;
    }

    /// <summary>Place of the first anchor of more statements than that.</summary>
    private int FirstAbove(long size)
    {
        var place = Array.BinarySearch(_sizes, size);
        return place < 0 ? ~place : place + 1;
    }
}
