using Cairn.Trails.Explaining;

namespace Cairn.Trails.Reports;

/// <summary>The four answers in plain words, each sentence with the records that it rests on.</summary>
internal static class AnswerSection
{
    private const int MostSentences = 25;
    private const int MostFolded = 75;

    public static void Write(HtmlPage page, Trail trail, Names names, Citations citations)
    {
        page.Write($"""
            <section aria-labelledby="answers">
            <h2 id="answers">What happened, in plain words</h2>
            <p class="note">Numbers lead to the records that a sentence rests on. What the records do not tell is marked. Identities of the trust
            domain <code>{names.Domain}</code> are shortened to their path.</p>

            """);
        foreach (var answer in Explanation.Of(trail))
        {
            page.Write($"<h3>{answer.Question}</h3>\n");
            Sentences(page, answer.Sentences.Take(MostSentences), names, citations);
            if (answer.Sentences.Count > MostSentences)
            {
                page.Write($"<details><summary>{HtmlText.Count(answer.Sentences.Count - MostSentences, "further sentence")}</summary>\n");
                Sentences(page, answer.Sentences.Skip(MostSentences).Take(MostFolded), names, citations);
                if (answer.Sentences.Count > MostSentences + MostFolded)
                {
                    page.Write($"<p class=\"note\">{HtmlText.Count(answer.Sentences.Count - MostSentences - MostFolded)} more are not on this page; <code>cairn explain {trail.Trace.ToString()}</code> tells them all.</p>\n");
                }

                page.Markup("</details>\n");
            }
        }

        page.Markup("</section>\n");
    }

    private static void Sentences(HtmlPage page, IEnumerable<Sentence> sentences, Names names, Citations citations)
    {
        page.Markup("<ul class=\"answers\">\n");
        foreach (var sentence in sentences)
        {
            page.Write($"<li{new Markup(sentence.IsKnown ? "" : " class=\"unknown\"")}>{new Markup(sentence.IsKnown ? "" : "<strong>Not known.</strong> ")}{names.In(sentence.Text)} {citations.Of(sentence.Records)}</li>\n");
        }

        page.Markup("</ul>\n");
    }
}
