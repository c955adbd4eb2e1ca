using Cairn.Trails.Findings;

namespace Cairn.Trails.Reports;

/// <summary>What is wrong, by the rules of docs/findings.md: worst first, with what it means and what to do.</summary>
internal static class FindingSection
{
    private const int MostOfRule = 10;

    public static void Write(HtmlPage page, IReadOnlyList<Finding> findings, Names names, Citations citations)
    {
        page.Markup("<section aria-labelledby=\"findings\">\n<h2 id=\"findings\">Findings</h2>\n");
        page.Write($"<p class=\"note\">{HtmlText.Count(RuleCatalogue.All.Count)} rules were held against this trail. A finding says that evidence and expectation differ; it does not say who did it or why.</p>\n");
        if (findings.Count == 0)
        {
            page.Markup("<p>Nothing was found.</p>\n");
        }

        foreach (var group in findings.GroupBy(finding => finding.Rule))
        {
            var rule = RuleCatalogue.Find(group.Key)!;
            var guide = RuleGuide.Of(rule.Id);
            var severity = rule.Severity.ToString().ToLowerInvariant();
            page.Write($"""
                <article class="finding {severity}">
                <h3><span class="severity">{severity}</span> {rule.Title}</h3>
                <p class="rule"><code>{rule.Id}</code>{(rule.RestsOnAbsence ? ": something is absent, and a record that comes later can settle it" : "")}</p>
                <ul>

                """);
            foreach (var finding in group.Take(MostOfRule))
            {
                page.Write($"<li>{names.In(finding.Message)} {citations.Of(finding.Records.Take(MostOfRule))}</li>\n");
            }

            if (group.Count() > MostOfRule)
            {
                page.Write($"<li>and {HtmlText.Count(group.Count() - MostOfRule)} more of the same; <code>cairn check --rule {rule.Id}</code> lists them all</li>\n");
            }

            page.Write($"""
                </ul>
                <dl>
                <dt>What it means</dt><dd>{guide.Means} {guide.Matters}</dd>
                <dt>Harmless when</dt><dd>{guide.HarmlessWhen}</dd>
                <dt>What to do</dt><dd>{guide.Do}</dd>
                </dl>
                </article>

                """);
        }

        page.Markup("</section>\n");
    }
}
