using System.Text;
using System.Text.RegularExpressions;
using Cairn.Evidence.Verification;
using Cairn.Trails.Findings;
using Cairn.Trails.Reports;

namespace Cairn.Trails.Tests.Reports;

/// <summary>Reports of stories: their records count as verified, each in a statement of its own.</summary>
internal static partial class Reported
{
    public static ReportEvidence Evidence(IReadOnlyList<TrailRecord> records)
    {
        var trail = Trail.From(records);
        var passed = new Verdict(VerdictState.Passed, 0, [], []);
        var emitters = records.GroupBy(record => (record.Issuer, record.Stream))
            .Select(group => new EmitterSummary(group.Key.Issuer.ToString(), group.Key.Stream.ToString(), "gateway", group.Count(), true, true)).ToList();
        return new ReportEvidence
        {
            Verification = new VerificationReport(
                VerificationReport.CurrentFormat, true, trail.Trace.ToString(), new CheckpointSummary("test/ledger", records.Count, new string('0', 64), TrailStory.Start),
                new TrustSummary(true, ["test/ledger"], [], []), new TimesSummary([], []), new VerificationCounts(records.Count, records.Count, emitters.Count, 0),
                passed, passed, passed, new CorroborationCounts(trail.Actions.Count, 0, trail.Actions.Count, 0, trail.Effects.Count), new DecisionCounts(0, 0, 0, []), emitters, []),
            Trust = ReportTrust.Exporter,
            Trail = trail,
            Findings = [.. RuleCatalogue.Check(new TrailCase(trail)).OrderByDescending(finding => finding.Severity)],
            Places = trail.Records.ToDictionary(record => record.Record.Id, record => new RecordPlace(record.Statement, 0, null, [])),
            Files = [],
        };
    }

    public static string Page(TrailStory story) => Encoding.UTF8.GetString(TrailReport.Render(Evidence(story.Records)));

    /// <summary>Every element's name, in order.</summary>
    public static IEnumerable<string> Elements(string page) => Tag().Matches(page).Select(match => match.Groups[1].Value);

    /// <summary>Every attribute's name of every element.</summary>
    public static IEnumerable<string> Attributes(string page) => Tag().Matches(page).SelectMany(tag => Attribute().Matches(tag.Groups[2].Value)).Select(match => match.Groups[1].Value);

    [GeneratedRegex("<([a-zA-Z][a-zA-Z0-9]*)((?:[^<>\"]|\"[^\"]*\")*)>")]
    private static partial Regex Tag();

    [GeneratedRegex("([^\\s=\"]+)=\"[^\"]*\"")]
    private static partial Regex Attribute();
}
