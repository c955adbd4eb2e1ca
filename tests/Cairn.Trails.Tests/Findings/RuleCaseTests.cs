using Cairn.Trails.Findings;

namespace Cairn.Trails.Tests.Findings;

/// <summary>No rule of the catalogue goes untried: each has a story that plants its finding, and the same one that comes close.</summary>
public sealed class RuleCaseTests
{
    public static TheoryData<string> Rules => [.. RuleCatalogue.All.Select(rule => rule.Id)];

    [Fact]
    public void Every_rule_of_the_catalogue_has_a_case_and_no_other_has() =>
        Assert.Equal(RuleCatalogue.All.Select(rule => rule.Id), RuleCases.All.Keys);

    [Theory]
    [MemberData(nameof(Rules))]
    public void Rule_finds_what_was_planted(string rule) => Assert.Contains(RuleCases.All[rule].Findings(planted: true), finding => finding.Rule == rule);

    [Theory]
    [MemberData(nameof(Rules))]
    public void Rule_does_not_find_what_only_comes_close(string rule) =>
        Assert.DoesNotContain(RuleCases.All[rule].Findings(planted: false), finding => finding.Rule == rule);
}
