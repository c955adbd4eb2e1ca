namespace Cairn.Trails.Reports;

/// <summary>What the pictures share: their width, how wide a text is at most, and the frame around them.</summary>
internal static class Svg
{
    /// <summary>Units across.</summary>
    public const double Width = 860;

    private const double Letter = 6.7;

    /// <summary>The units that a text of that many characters takes at most, in the pictures' font.</summary>
    public static double WidthOf(string text) => text.Length * Letter;

    /// <summary>A text that fits into so many units.</summary>
    public static string Fit(string text, double width) => HtmlText.Cut(text, Math.Max(4, (int)(width / Letter)));

    /// <summary>Writes a picture with its name, what it shows in words, and its legend.</summary>
    public static void Figure(HtmlPage page, string id, string name, string description, double height, Markup content)
    {
        page.Write($"""
            <figure>
            <div class="picture" tabindex="0" role="region" aria-label="{name}">
            <svg viewBox="0 0 {Width} {height}" role="img" aria-labelledby="{id}-name {id}-words">
            <title id="{id}-name">{name}</title>
            <desc id="{id}-words">{description}</desc>
            {content}</svg>
            </div>
            <figcaption><p>{description}</p>
            <ul class="legend"><li class="good">came out ok</li><li class="open">open, or waiting</li><li class="stop">not let through</li><li class="bad">failed or lost</li></ul></figcaption>
            </figure>

            """);
    }
}
