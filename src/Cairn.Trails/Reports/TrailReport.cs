using System.Security.Cryptography;
using System.Text;
using Cairn.Trails.Bundles;

namespace Cairn.Trails.Reports;

/// <summary>
/// A trail's report: one page of HTML for people who are no engineers. It holds no script, asks nothing of a network and knows no
/// clock: the same evidence, judged by the same policy, gives the same bytes. Its size is bounded, however large the trail; what
/// is folded is counted, and where the rest is is told.
/// </summary>
public static class TrailReport
{
    /// <summary>The page, UTF-8.</summary>
    public static byte[] Render(ReportEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        // An editor's line ends on one machine are no reason for another digest of the style.
        var style = Encoding.UTF8.GetString(VerifierPage.Resource("report.css")).ReplaceLineEndings("\n");
        var policy = $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)))}'; base-uri 'none'; form-action 'none'";
        var trace = evidence.Verification.Trace ?? "that can't be read";
        var page = new HtmlPage();
        page.Write($"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="{new Markup(policy)}">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="referrer" content="no-referrer">
            <title>Evidence report, trail {trace}</title>
            <style>{new Markup(style)}</style>
            </head>
            <body>
            <a class="skip" href="#content">Skip to the report</a>

            """);
        var names = evidence.Trail is null ? null : new Names(evidence.Trail);
        CoverSection.Write(page, evidence, names);
        page.Markup("<main id=\"content\">\n");
        if (evidence.Trail is { } trail && names is not null)
        {
            var citations = new Citations(trail);
            AnswerSection.Write(page, trail, names, citations);
            VerdictSection.Write(page, evidence);
            TimelinePicture.Write(page, trail, names);
            AuthorityPicture.Write(page, trail, names);
            FindingSection.Write(page, evidence.Findings, names, citations);
            EvidenceSection.Write(page, evidence, trail, names, citations);
        }
        else
        {
            VerdictSection.Write(page, evidence);
        }

        EmitterSection.Write(page, evidence.Verification.Emitters);
        VerifyingSection.Write(page, evidence);
        page.Write($"""
            </main>
            <footer><p>Trail <code>{trace}</code>. A reading of the evidence, not the evidence: the files of the bundle are.</p></footer>
            </body>
            </html>

            """);
        return page.Encode();
    }
}
