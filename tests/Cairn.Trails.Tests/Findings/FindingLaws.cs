using System.Text.Json;
using Cairn.Trails.Findings;
using CsCheck;

namespace Cairn.Trails.Tests.Findings;

/// <summary>What holds of findings whatever happened.</summary>
public sealed class FindingLaws
{
    /// <summary>The law: findings are a function of the set of records. Neither the order of arrival nor a second arrival changes them.</summary>
    [Fact]
    public void Order_of_arrival_changes_no_finding() => Gen.Select(RandomStory.Steps, Gen.Int[0, int.MaxValue]).Sample(
        (steps, seed) =>
        {
            var records = RandomStory.Tell(steps).Records.ToArray();
            var expected = Text(Trail.From(records));
            new Random(seed).Shuffle(records);
            var arrived = records.Select((record, place) => record with { Statement = place }).Concat(records.Take(3));
            return Text(Trail.From(arrived)) == expected;
        },
        iter: 400);

    /// <summary>The law: a finding of a rule that does not rest on absence is still there when more is known: under its key, or within a wider one.</summary>
    [Fact]
    public void Further_records_take_away_no_finding_that_rests_on_what_is_there() => Gen.Select(RandomStory.Steps, Gen.Int[0, int.MaxValue], Gen.Int[1, 9]).Sample(
        (steps, seed, part) =>
        {
            var records = RandomStory.Tell(steps).Records.ToArray();
            new Random(seed).Shuffle(records);
            var before = Check(Trail.From(records.Take(Math.Max(1, records.Length * part / 10))));
            var after = Check(Trail.From(records));
            var lost = before.Where(finding => !RuleCatalogue.Find(finding.Rule)!.RestsOnAbsence && !after.Any(other => Stands(finding, other))).ToList();
            Assert.True(lost.Count == 0, string.Join("\n", lost.Select(finding => $"{finding.Rule} {finding.Message} {string.Join(' ', finding.Records)}")));
        },
        iter: 300);

    private static bool Stands(Finding finding, Finding other) =>
        finding.Rule == other.Rule && (finding.Key == other.Key || finding.Records.All(other.Records.Contains));

    private static List<Finding> Check(Trail trail) => [.. RuleCatalogue.Check(new TrailCase(trail))];

    private static string Text(Trail trail) => JsonSerializer.Serialize(Check(trail).Select(finding => new { finding.Rule, finding.Message, Records = finding.Records.Select(record => record.ToString()) }));
}
