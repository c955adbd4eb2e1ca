using System.Text.RegularExpressions;
using Cairn.Trails.Findings;

namespace Cairn.Trails.Tests.Findings;

/// <summary>The catalogue in the code and docs/findings.md are one.</summary>
public sealed partial class CatalogueTests
{
    private static readonly string Text = File.ReadAllText(Page());

    [Fact]
    public void Page_has_every_rule_of_the_code_in_its_order_and_no_other() =>
        Assert.Equal(RuleCatalogue.All.Select(rule => rule.Id), Heading().Matches(Text).Select(match => match.Groups[1].Value));

    [Fact]
    public void Page_says_of_each_rule_its_title_severity_meaning_cause_for_doubt_and_remedy() => Assert.All(RuleCatalogue.All, rule =>
    {
        var section = Text[Text.IndexOf($"### `{rule.Id}`", StringComparison.Ordinal)..];
        section = section[..(section.IndexOf("\n### ", 4, StringComparison.Ordinal) is > 0 and var end ? end : section.Length)];
        Assert.Contains($"{rule.Title}. *{rule.Severity}{(rule.RestsOnAbsence ? "; rests on absence" : "")}.*", section);
        Assert.All(new[] { "Means", "Matters", "Harmless when", "Do", "See" }, part => Assert.Matches($@"- \*\*{part}\.\*\* \S", section));
    });

    [Fact]
    public void Every_rule_is_named_in_a_test_of_its_group()
    {
        var tests = string.Concat(Directory.EnumerateFiles(Path.Combine(Repository(), "tests", "Cairn.Trails.Tests", "Findings"), "*RuleTests.cs").Select(File.ReadAllText));
        Assert.All(RuleCatalogue.All, rule => Assert.True(
            tests.Contains($"\"{rule.Id}\"", StringComparison.Ordinal) || IsNamedByPart(tests, rule.Id), $"no test names {rule.Id}"));
    }

    [Fact]
    public void Ids_are_unique_and_of_one_form() => Assert.All(RuleCatalogue.All.GroupBy(rule => rule.Id), rules =>
    {
        Assert.Single(rules);
        Assert.Matches("^(lineage|authority|credentials|environment|evidence)\\.[a-z]+(_[a-z]+)*$", rules.Key);
    });

    private static bool IsNamedByPart(string tests, string id) => tests.Contains($"\"{id[(id.IndexOf('.') + 1)..]}\"", StringComparison.Ordinal);

    private static string Page() => Path.Combine(Repository(), "docs", "findings.md");

    private static string Repository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Cairn.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"no Cairn.slnx above {AppContext.BaseDirectory}");
    }

    [GeneratedRegex("^### `([a-z._]+)`$", RegexOptions.Multiline)]
    private static partial Regex Heading();
}
