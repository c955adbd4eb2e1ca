using Cairn.Evidence.Verification;
using Cairn.Trails.Findings;

namespace Cairn.Trails.Reports;

/// <summary>The head of a report: what it is about, what was found, and what may be believed of it.</summary>
internal static class CoverSection
{
    private const int MostNames = 6;

    public static void Write(HtmlPage page, ReportEvidence evidence, Names? names)
    {
        var report = evidence.Verification;
        page.Write($"""
            <header>
            <p class="kind">Evidence report</p>
            <h1>{Title(evidence.Trail, names)}</h1>
            <p class="id">Trail <code>{report.Trace ?? "that can't be read"}</code></p>
            <div class="banner {Tone(evidence)}">
            <p class="word">{Word(evidence)}</p>
            <p>{Judged(evidence.Trust)}</p>
            </div>

            """);
        if (evidence.Trail is { } trail && names is not null)
        {
            Facts(page, evidence, trail, names);
        }

        page.Markup("</header>\n");
    }

    private static string Title(Trail? trail, Names? names)
    {
        if (trail?.Root is not { } root || names is null)
        {
            return "What the records of a trail show";
        }

        var principal = root.Initiation.Principal is "" or "?" ? "somebody who is not named" : names.Of(root.Initiation.Principal);
        return $"What {names.Of(root.Agent.Id).TrimStart('/')} did for {HtmlText.Cut(principal, 80)}";
    }

    private static string Tone(ReportEvidence evidence) =>
        !evidence.Verification.Verified ? "bad" : evidence.Trust == ReportTrust.Bundle || Unproven(evidence.Verification).Any() ? "open" : "good";

    private static string Word(ReportEvidence evidence)
    {
        var report = evidence.Verification;
        if (!report.Verified)
        {
            var failed = Named(report).Where(one => one.Verdict.State == VerdictState.Failed).Select(one => one.Name);
            return $"Not verified: {string.Join(" and ", failed)} failed.";
        }

        var open = Unproven(report).ToList();
        var all = open.Count == 0 ? "integrity, completeness and corroboration passed" : $"no check failed; {string.Join(" and ", open)} {(open.Count == 1 ? "is" : "are")} not proven";
        return evidence.Trust == ReportTrust.Bundle ? $"Verified by its own keys only: {all}." : $"Verified: {all}.";
    }

    private static string Judged(ReportTrust trust) => trust switch
    {
        ReportTrust.Exporter => "Judged where the evidence was exported, by the ledger's own trust policy. If others gave you this page it is their word: verify the bundle yourself, as the last section tells.",
        ReportTrust.Reader => "Judged by the trust policy of whoever made this page from the bundle. If that was not you, verify the bundle yourself, as the last section tells.",
        _ => "No trust policy was given, so the bundle vouched for itself: whoever forges a bundle can put their own keys into it. Ask the ledger's operator for the trust policy by another way.",
    };

    private static IEnumerable<(string Name, Verdict Verdict)> Named(VerificationReport report) =>
        [("integrity", report.Integrity), ("completeness", report.Completeness), ("corroboration", report.Corroboration)];

    private static IEnumerable<string> Unproven(VerificationReport report) => Named(report).Where(one => one.Verdict.State == VerdictState.Unproven).Select(one => one.Name);

    private static void Facts(HtmlPage page, ReportEvidence evidence, Trail trail, Names names)
    {
        var root = trail.Root;
        var agents = trail.Records.Select(record => record.Record.Actor.Id).Distinct().Select(id => names.Of(id)).ToList();
        page.Markup("<dl class=\"facts\">\n");
        if (root is not null)
        {
            var asked = root.Initiation;
            Fact(page, "Asked by", $"{names.Of(Or(asked.Principal, "not recorded"))}, {(asked.Authenticated is "none" or "?" ? "not authenticated" : $"authenticated by {asked.Authenticated}")}");
            Fact(page, "Accountable", Or(asked.Owner, "nobody named"));
        }

        Fact(page, "When", $"{HtmlText.Time(trail.Started)}, for {HtmlText.Duration(trail.Ended - trail.Started)}, by the emitters' clocks");
        Fact(page, "Who took part", $"{string.Join(", ", agents.Take(MostNames))}{(agents.Count > MostNames ? $" and {HtmlText.Count(agents.Count - MostNames, "other")}" : "")}");
        Fact(page, "Actions", trail.Actions.Count == 0 ? "none" : $"{HtmlText.Count(trail.Actions.Count)}: {Outcomes.Counted(trail.Actions)}");
        if (trail.Authority.Decisions.Count > 0)
        {
            var decisions = trail.Authority.Decisions.GroupBy(decision => (decision.Outcome, decision.Binds)).OrderByDescending(group => group.Count());
            Fact(page, "Decisions", string.Join(", ", decisions.Select(group => $"{HtmlText.Count(group.Count())} {Outcomes.Words(group.Key.Outcome)}{(group.Key.Binds ? "" : " (not binding)")}")));
        }

        Fact(page, "Findings", FindingCounts(evidence.Findings));
        Fact(page, "Evidence", $"{HtmlText.Count(evidence.Verification.Counts.Records, "record")} in {HtmlText.Count(evidence.Verification.Counts.Statements, "signed statement")} of {HtmlText.Count(evidence.Verification.Counts.Streams, "emitter run")}, in the ledger {evidence.Verification.Checkpoint?.Origin}");
        if (evidence.Erasure is { } erasure)
        {
            Fact(page, "Content", $"{(erasure.IsDone ? "erased" : "its erasure was begun")} on {HtmlText.Time(erasure.Time)} by {HtmlText.Cut(Or(erasure.By, "somebody who is not named"), 80)} ({HtmlText.Cut(Or(erasure.Reason, "no reason given"), 200)}), by record {erasure.Record}; the records verify as before");
        }

        page.Markup("</dl>\n");
    }

    private static string FindingCounts(IReadOnlyList<Finding> findings) => findings.Count == 0 ? "none"
        : string.Join(", ", findings.GroupBy(finding => finding.Severity).OrderByDescending(group => group.Key).Select(group => $"{HtmlText.Count(group.Count())} {group.Key.ToString().ToLowerInvariant()}"));

    private static void Fact(HtmlPage page, string name, string value) => page.Write($"<div><dt>{name}</dt><dd>{value}</dd></div>\n");

    private static string Or(string text, string otherwise) => text is "" or "?" ? otherwise : text;
}
