using System.Text.Json;
using Cairn.Cli.Investigate;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Trails.Findings;

namespace Cairn.Cli.Tests.Investigate;

public class FindingOutputTests
{
    private static readonly RecordId One = RecordId.New(DateTimeOffset.UnixEpoch.AddYears(55));
    private static readonly RecordId Other = RecordId.New(DateTimeOffset.UnixEpoch.AddYears(55));

    private static Finding Denied { get; } = new("authority.act_after_deny", Severity.Critical, TraceId.New(), "tool.call delete", "a refusal, as decided", "the status ok", [One, Other]) { Key = One.ToString() };

    /// <summary>Required by SARIF 2.1.0 §3.13, §3.14, §3.19, §3.27, §3.28, §3.33, §3.49.</summary>
    [Fact]
    public void Sarif_has_what_the_standard_requires()
    {
        using var output = new MemoryStream();
        FindingSarif.Write(output, [Denied]);
        var log = JsonElement.Parse(output.ToArray());

        Assert.Equal("2.1.0", log.GetProperty("version").GetString());
        var run = Assert.Single(log.GetProperty("runs").EnumerateArray());
        var driver = run.GetProperty("tool").GetProperty("driver");
        Assert.Equal("cairn", driver.GetProperty("name").GetString());
        var rules = driver.GetProperty("rules").EnumerateArray().Select(rule => rule.GetProperty("id").GetString()).ToList();
        Assert.Equal(RuleCatalogue.All.Select(rule => rule.Id), rules);
        var result = Assert.Single(run.GetProperty("results").EnumerateArray());
        Assert.Equal("authority.act_after_deny", rules[result.GetProperty("ruleIndex").GetInt32()]);
        Assert.Equal("error", result.GetProperty("level").GetString());
        Assert.Contains("found the status ok", result.GetProperty("message").GetProperty("text").GetString());
        Assert.Equal(One.ToString(), result.GetProperty("locations")[0].GetProperty("logicalLocations")[0].GetProperty("name").GetString());
        Assert.Equal(Other.ToString(), result.GetProperty("relatedLocations")[0].GetProperty("logicalLocations")[0].GetProperty("name").GetString());
        Assert.NotEmpty(result.GetProperty("partialFingerprints").GetProperty("cairnFinding/v1").GetString()!);
    }

    [Fact]
    public void Json_has_rule_severity_and_all_records()
    {
        using var output = new MemoryStream();
        FindingJson.Write(output, [Denied], settled: 3, rules: 1);
        var log = JsonElement.Parse(output.ToArray());

        var finding = Assert.Single(log.GetProperty("findings").EnumerateArray());
        Assert.Equal(("authority.act_after_deny", "critical", 2, 3), (
            finding.GetProperty("rule").GetString(), finding.GetProperty("severity").GetString(), finding.GetProperty("records").GetArrayLength(), log.GetProperty("settled").GetInt32()));
    }

    [Theory]
    [InlineData("2026-11-25T09:00:00Z", "2026-11-25T09:00:00.0000000Z")]
    [InlineData("2026-11-25T10:00:00+01:00", "2026-11-25T09:00:00.0000000Z")]
    [InlineData("2026-11-25", "2026-11-25T00:00:00.0000000Z")]
    [InlineData("24h", "2026-11-25T12:00:00.0000000Z")]
    [InlineData("7d", "2026-11-19T12:00:00.0000000Z")]
    public void Times_are_read_as_people_type_them(string text, string expected) =>
        Assert.Equal(expected, TimeText.Parse(text, new DateTimeOffset(2026, 11, 26, 12, 0, 0, TimeSpan.Zero)).UtcDateTime.ToString("O"));

    [Theory]
    [InlineData("yesterday-ish")]
    [InlineData("24x")]
    [InlineData("999999999d")]
    public void What_is_no_time_is_refused_with_an_example(string text) =>
        Assert.Contains("2026-11-25T09:00:00Z", Assert.Throws<CliException>(() => TimeText.Parse(text, DateTimeOffset.UnixEpoch)).Message);
}
