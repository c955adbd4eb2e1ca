namespace Cairn.Trails.Reports;

/// <summary>A part of a picture, and from where to where it reaches downwards.</summary>
internal readonly record struct Drawn(double Top, double Bottom, Markup Markup);

/// <summary>What the pictures share: their width, how wide a text is at most, and the frame around them.</summary>
internal static class Svg
{
    /// <summary>Units across.</summary>
    public const double Width = 860;

    // As much as a printed page holds of a picture that is as wide as the page.
    private const double MostHeight = 1100;
    private const double Letter = 6.7;

    /// <summary>The units that a text of that many characters takes at most, in the pictures' font.</summary>
    public static double WidthOf(string text) => text.Length * Letter;

    /// <summary>A text that fits into so many units.</summary>
    public static string Fit(string text, double width) => HtmlText.Cut(text, Math.Max(4, (int)(width / Letter)));

    /// <summary>
    /// Writes a picture with its name, what it shows in words, and its legend. One that is higher than a page is cut into pieces,
    /// which stand below each other on a screen and on pages of their own on paper.
    /// </summary>
    /// <param name="page">The page.</param>
    /// <param name="id">Of the picture, in the page.</param>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it shows.</param>
    /// <param name="cuts">Where it may be cut, and at last its end; ascending.</param>
    /// <param name="parts">What is drawn, what is behind first.</param>
    public static void Figure(HtmlPage page, string id, string name, string description, IReadOnlyList<double> cuts, IReadOnlyList<Drawn> parts)
    {
        page.Write($"<figure>\n<div class=\"picture\" tabindex=\"0\" role=\"region\" aria-label=\"{name}\">\n");
        var top = 0.0;
        for (var i = 0; i < cuts.Count; i++)
        {
            if (i + 1 < cuts.Count && cuts[i + 1] - top <= MostHeight)
            {
                continue;
            }

            var bottom = cuts[i];
            var said = top == 0
                ? HtmlPage.Fragment(part => part.Write($"role=\"img\" aria-labelledby=\"{id}-name {id}-words\">\n<title id=\"{id}-name\">{name}</title>\n<desc id=\"{id}-words\">{description}</desc>\n"))
                : new Markup("aria-hidden=\"true\">\n");
            page.Write($"<svg viewBox=\"0 {top} {Width} {bottom - top}\" {said}");
            foreach (var part in parts.Where(part => part.Top < bottom && part.Bottom > top))
            {
                page.Write($"{part.Markup}\n");
            }

            page.Markup("</svg>\n");
            top = bottom;
        }

        page.Write($"""
            </div>
            <figcaption><p>{description}</p>
            <ul class="legend"><li class="good">came out ok</li><li class="open">open, or waiting</li><li class="stop">not let through</li><li class="bad">failed or lost</li></ul></figcaption>
            </figure>

            """);
    }
}
