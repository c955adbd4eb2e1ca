using Cairn.Evidence.Timestamps;

namespace Cairn.Evidence.Verification;

/// <summary>Gathers the bracket of a whole trail while its statements are read.</summary>
internal sealed class TimesCheck(TimeBrackets brackets)
{
    private static readonly TimeSource[] Sources = Enum.GetValues<TimeSource>();
    private readonly TimeBracket?[] _trail = new TimeBracket?[Sources.Length];

    public void Take(long index, long knownSize)
    {
        for (var i = 0; i < Sources.Length; i++)
        {
            var one = brackets.Of(Sources[i], index, knownSize);
            _trail[i] = _trail[i]?.Around(one) ?? one;
        }
    }

    /// <summary>A statement's brackets.</summary>
    public IReadOnlyList<TimeBracket> Of(long index, long knownSize) => brackets.Of(index, knownSize);

    /// <summary>The brackets that have a bound.</summary>
    public IReadOnlyList<TimeBracket> Trail => [.. _trail.OfType<TimeBracket>().Where(bracket => bracket.NotBefore is not null || bracket.NotAfter is not null)];

    public TimesSummary Summary() => new(
        [.. brackets.Anchors.Select(anchor => new AnchorSummary(anchor.Size, [.. anchor.Claims.Select(Describe)]))],
        [.. Trail.Select(bracket => new BracketSummary(Name(bracket.By), Bound(bracket.NotBefore), Bound(bracket.NotAfter)))]);

    private static ClaimSummary Describe(TimeClaim claim) => new(Name(claim.By), claim.Name, Times.Text(claim.Time), claim.Accuracy?.TotalSeconds);

    private static BoundSummary? Bound(TimeClaim? claim) => claim is null ? null : new BoundSummary(Times.Text(claim.NotAfter), claim.Name);

    private static string Name(TimeSource source) => source.ToString().ToLowerInvariant();
}
