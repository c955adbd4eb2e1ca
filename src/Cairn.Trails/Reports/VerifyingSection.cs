using Cairn.Trails.Bundles;

namespace Cairn.Trails.Reports;

/// <summary>How anybody verifies the evidence without this page, its maker or a network.</summary>
internal static class VerifyingSection
{
    public static void Write(HtmlPage page, ReportEvidence evidence)
    {
        page.Write($"""
            <section aria-labelledby="verifying">
            <h2 id="verifying">How to verify it yourself</h2>
            <p>You need two things: the evidence bundle (a file such as <code>trail.cairn.zip</code>), and the ledger's trust policy, which says whose keys
            count. Get the policy from the ledger's operator, and by another way than the bundle: over a channel that you trust, at best on paper or in person.</p>
            <h3>In a browser, without installing anything</h3>
            <ol>
            <li>Take <code>verify.html</code> from the release of Cairn. A copy is in the bundle; it is good only if its SHA-256 is the one that was
            published. The program that made this page carries the one with
            <code class="block">{VerifierPage.Sha256.ToString()}</code></li>
            <li>Compare: <code class="block">sha256sum verify.html</code></li>
            <li>Open it from disk. It needs no network, and may use none. Drop the bundle and the trust policy on it.</li>
            </ol>
            <h3>On a command line</h3>
            <pre><code>cairn verify trail.cairn.zip --trust trust.policy</code></pre>
            <p>Exit code 0 means verified, 1 that a check failed. The second verifier, written independently from the published specification, is run so:</p>
            <pre><code>node cairn-verify.mjs trail.cairn.zip --trust trust.policy</code></pre>
            <p>This page is made anew from verified evidence, so that it can be compared, by:</p>
            <pre><code>cairn report --bundle trail.cairn.zip --trust trust.policy -o report.html</code></pre>

            """);
        if (evidence.Files.Count > 0)
        {
            page.Markup("<h3>The files that this page was made from</h3>\n<table class=\"files\">\n<thead><tr><th scope=\"col\">File in the bundle</th><th scope=\"col\">Bytes</th><th scope=\"col\">SHA-256</th></tr></thead>\n<tbody>\n");
            foreach (var file in evidence.Files)
            {
                page.Write($"<tr><td><code>{file.Name}</code></td><td class=\"count\">{HtmlText.Count(file.Bytes)}</td><td><code>{file.Sha256.ToString()}</code></td></tr>\n");
            }

            page.Markup("</tbody>\n</table>\n");
        }

        page.Markup("</section>\n");
    }
}
