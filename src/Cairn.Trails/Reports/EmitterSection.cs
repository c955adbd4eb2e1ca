using Cairn.Evidence.Verification;

namespace Cairn.Trails.Reports;

/// <summary>Who recorded: each run of each emitter.</summary>
internal static class EmitterSection
{
    private const int MostRows = 100;

    public static void Write(HtmlPage page, IReadOnlyList<EmitterSummary> emitters)
    {
        if (emitters.Count == 0)
        {
            return;
        }

        page.Markup("""
            <section aria-labelledby="emitters">
            <h2 id="emitters">Who recorded it</h2>
            <table>
            <thead><tr><th scope="col">Emitter</th><th scope="col">Role, by the trust policy</th><th scope="col">Records</th><th scope="col">Its part</th><th scope="col">Counted by others</th></tr></thead>
            <tbody>

            """);
        foreach (var emitter in emitters.Take(MostRows))
        {
            page.Write($"<tr><td>{emitter.Issuer} <code>run {emitter.Stream}</code></td><td>{emitter.Role}</td><td class=\"count\">{HtmlText.Count(emitter.Records)}</td><td>{(emitter.Ended ? "ended" : "open")}</td><td>{(emitter.Listed ? "yes" : "no")}</td></tr>\n");
        }

        page.Markup("</tbody>\n</table>\n");
        if (emitters.Count > MostRows)
        {
            page.Write($"<p class=\"note\">and {HtmlText.Count(emitters.Count - MostRows)} more; <code>cairn verify</code> with <code>--output json</code> lists them all.</p>\n");
        }

        page.Markup("</section>\n");
    }
}
