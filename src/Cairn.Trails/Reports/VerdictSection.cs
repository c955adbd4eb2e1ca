using Cairn.Evidence.Verification;

namespace Cairn.Trails.Reports;

/// <summary>The three verdicts: what each means, what failed, and what it does not prove.</summary>
internal static class VerdictSection
{
    private const int MostFailures = 50;

    public static void Write(HtmlPage page, ReportEvidence evidence)
    {
        var report = evidence.Verification;
        page.Markup("<section aria-labelledby=\"verdicts\">\n<h2 id=\"verdicts\">What is proven, and what is not</h2>\n");
        One(page, "Integrity", report.Integrity, "Nothing was altered: every byte that counts is the one that its emitter signed, and that the ledger's checkpoint commits to.");
        One(page, "Completeness", report.Completeness, "Nothing is missing: no emitter's numbering has a hole, every part has its end, and every emitter that was counted is there.");
        One(page, "Corroboration", report.Corroboration, $"Somebody besides the actor saw it. {Seen(report.Actions)}{Decided(report.Decisions)}");
        if (report.Warnings.Count > 0)
        {
            page.Markup("<h3>Oddities that fail no verdict</h3>\n");
            Failures(page, report.Warnings, report.Warnings.Count);
        }

        if (evidence.Trail is null)
        {
            page.Markup("<p>Nothing is told of what happened: a story told from evidence that does not hold would be worth nothing.</p>\n");
        }

        page.Markup("</section>\n");
    }

    private static string Seen(CorroborationCounts actions)
    {
        if (actions.Actions == 0)
        {
            return "There is no action.";
        }

        var parts = new[] { (actions.Confirmed, "confirmed by the target's own log"), (actions.Observed, "observed by a gateway on the path"), (actions.Reported, "told by the actor alone") };
        return $"Of {HtmlText.Count(actions.Actions, "action")}: {string.Join(", ", parts.Select(part => $"{(part.Item1 == 0 ? "none" : HtmlText.Count(part.Item1))} {part.Item2}"))}.";
    }

    private static string Decided(DecisionCounts decisions)
    {
        if (decisions.Recorded == 0)
        {
            return "";
        }

        var rest = decisions.Recorded - decisions.Recomputed;
        return $" Of {HtmlText.Count(decisions.Recorded, "policy decision")}: {HtmlText.Count(decisions.Recomputed)} recomputed from input, policy bundle and engine, of which {(decisions.Differ == 0 ? "none" : HtmlText.Count(decisions.Differ))} came out otherwise"
            + (rest == 0 ? "." : $"; {HtmlText.Count(rest)} not recomputed.");
    }

    private static void One(HtmlPage page, string name, Verdict verdict, string means)
    {
        var (word, tone) = verdict.State switch
        {
            VerdictState.Passed => ("passed", "good"),
            VerdictState.Unproven => ("not proven", "open"),
            _ => ("failed", "bad"),
        };
        page.Write($"<div class=\"verdict {tone}\">\n<h3>{name} <span class=\"state\">{word}</span></h3>\n<p>{means}</p>\n");
        Failures(page, verdict.Failures, verdict.FailureCount);
        if (verdict.Limits.Count > 0)
        {
            page.Markup("<table class=\"limits\"><thead><tr><th scope=\"col\">It does not prove</th><th scope=\"col\">What would</th></tr></thead><tbody>\n");
            foreach (var limit in verdict.Limits)
            {
                page.Write($"<tr><td>{limit.DoesNotProve}</td><td>{limit.WhatWould}</td></tr>\n");
            }

            page.Markup("</tbody></table>\n");
        }

        page.Markup("</div>\n");
    }

    private static void Failures(HtmlPage page, IReadOnlyList<VerificationFailure> failures, long count)
    {
        if (failures.Count == 0)
        {
            return;
        }

        page.Markup("<ul class=\"failures\">\n");
        foreach (var failure in failures.Take(MostFailures))
        {
            page.Write($"<li><code>{failure.Code}</code> {failure.Subject.ToString()}: expected {failure.Expected}; found {failure.Found}</li>\n");
        }

        if (count > MostFailures)
        {
            page.Write($"<li>and {HtmlText.Count(count - MostFailures)} more: <code>cairn verify</code> with <code>--output json</code> lists the first of each verdict</li>\n");
        }

        page.Markup("</ul>\n");
    }
}
