using Cairn.Evidence.Timestamps;
using CsCheck;

namespace Cairn.Evidence.Tests.Timestamps;

public class TimeBracketTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Gen<TimeAnchor> Anchors = Gen.Select(
        Gen.Long[1, 40], Gen.Select(Gen.Enum<TimeSource>(), Gen.Int[0, 1000], Gen.Int[0, 3]).List[0, 3],
        (size, claims) => new TimeAnchor(size, [.. claims.Select(claim => new TimeClaim(claim.Item1, $"{claim.Item1} {claim.Item3}", Start.AddMinutes(claim.Item2), claim.Item3 == 0 ? null : TimeSpan.FromSeconds(claim.Item3)))]));

    [Fact]
    public void Brackets_are_those_that_all_anchors_together_give() => Gen.Select(Anchors.List[0, 8], Gen.Long[0, 45], Gen.Long[0, 45]).Sample((anchors, index, known) =>
    {
        var brackets = new TimeBrackets(anchors);
        foreach (var source in Enum.GetValues<TimeSource>())
        {
            var bracket = brackets.Of(source, index, known);
            var after = anchors.Where(anchor => anchor.Size > index).SelectMany(anchor => anchor.Claims).Where(claim => claim.By == source).ToList();
            var before = source == TimeSource.Timestamper ? [] : anchors.Where(anchor => anchor.Size < known).SelectMany(anchor => anchor.Claims).Where(claim => claim.By == source).ToList();

            Assert.Equal(after.Count == 0 ? null : after.Min(claim => claim.NotAfter), bracket.NotAfter?.NotAfter);
            Assert.Equal(before.Count == 0 ? null : before.Max(claim => claim.Time), bracket.NotBefore?.Time);
        }
    });

    [Fact]
    public void Contradictions_are_claims_earlier_than_a_smaller_largest_tree() => Anchors.List[0, 8].Sample(anchors =>
    {
        var tolerance = TimeSpan.FromMinutes(5);
        var expected = anchors
            .SelectMany(anchor => anchor.Claims.Select(claim => (anchor.Size, Claim: claim))).Distinct()
            .Where(one => anchors.Where(anchor => anchor.Size < one.Size).SelectMany(anchor => anchor.Claims)
                .Any(other => other.By != TimeSource.Timestamper && other.Time > one.Claim.NotAfter + tolerance))
            .ToHashSet();

        Assert.Equal(expected, new TimeBrackets(anchors).Contradictions(tolerance).Select(one => (one.Anchor.Size, one.Claim)).ToHashSet());
    });
}
