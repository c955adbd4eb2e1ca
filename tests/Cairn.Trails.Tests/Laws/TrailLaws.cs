using Cairn.TrailGenerator;
using Cairn.Trails.Findings;
using CsCheck;

namespace Cairn.Trails.Tests.Laws;

/// <summary>What holds of every trail that agents can make.</summary>
public sealed class TrailLaws
{
    /// <summary>The law: parts, causes, authority, findings and explanation are a function of the set of records, to the byte.</summary>
    [Fact]
    public void Order_of_arrival_changes_nothing_that_is_concluded() => Gen.Select(GeneratedTrail.Options, Gen.Int[0, int.MaxValue]).Sample(
        (options, seed) =>
        {
            var records = GeneratedTrail.Arrive(options);
            var expected = TrailText.Of(Trail.From(records));
            new Random(seed).Shuffle(records);
            Assert.Equal(expected, TrailText.Of(Trail.From(records.Select((record, place) => record with { Statement = place }).Concat(records.Take(5)))));
        },
        iter: 60);

    /// <summary>
    /// The law: a finding that does not rest on absence is true for good. It is there under its key, or within a wider one,
    /// whatever is added; one that rests on absence may go only by a record that was absent (decision 0121).
    /// </summary>
    [Fact]
    public void Records_that_arrive_later_take_away_no_true_finding() => Gen.Select(GeneratedTrail.Options, Gen.Int[1, 9]).Sample(
        (options, part) =>
        {
            var records = GeneratedTrail.Arrive(options);
            var some = records.Take(Math.Max(1, records.Length * part / 10)).ToList();
            var after = Check(Trail.From(records));
            Assert.All(Check(Trail.From(some)).Where(finding => !RuleCatalogue.Find(finding.Rule)!.RestsOnAbsence), finding => Assert.True(
                after.Any(other => other.Rule == finding.Rule && (other.Key == finding.Key || finding.Records.All(other.Records.Contains))), $"{finding.Rule}: {finding.Message}"));
        },
        iter: 60);

    /// <summary>The law: the same options make the same bytes.</summary>
    [Fact]
    public void Generated_trail_follows_from_its_options() => GeneratedTrail.Options.Sample(
        options => Assert.Equal(Bytes(options), Bytes(options)), iter: 20);

    [Fact]
    public void Generated_trails_have_all_kinds_of_work_and_most_kinds_of_finding()
    {
        var trail = Trail.From(GeneratedTrail.Arrive(new FleetOptions { RecordsPerTrail = 6000, Faults = 0.1 }));
        Assert.NotEmpty(trail.Delegations);
        Assert.NotEmpty(trail.Effects);
        Assert.NotEmpty(trail.Gaps);
        Assert.NotEmpty(trail.Authority.Credentials);
        Assert.Contains(trail.Authority.Approvals, approval => approval.Answer == "denied");
        Assert.True(trail.Records.Select(record => record.Stream).Distinct().Count() > 5);
        Assert.Superset(
            new HashSet<string>
            {
                "lineage.orphan", "lineage.open_span", "lineage.sequence_gap", "authority.no_decision", "authority.act_after_deny", "authority.approval_missing",
                "environment.direct_shell", "environment.tool_not_in_manifest", "evidence.declared_gap", "evidence.contradicted_effect", "evidence.unconfirmed_effect",
            },
            Check(trail).Select(finding => finding.Rule).ToHashSet());
    }

    private static List<Finding> Check(Trail trail) => [.. RuleCatalogue.Check(new TrailCase(trail))];

    private static string Bytes(FleetOptions options) => string.Join('\n', GeneratedTrail.Arrive(options).Select(record => $"{record.Stream} {System.Text.Encoding.UTF8.GetString(record.Record.Bytes.Span)}"));
}
