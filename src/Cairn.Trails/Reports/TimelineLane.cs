namespace Cairn.Trails.Reports;

/// <summary>Something in a lane: an act, or the wait for an approval.</summary>
/// <param name="Start">When it began.</param>
/// <param name="End">When it ended.</param>
/// <param name="Name">What it was.</param>
/// <param name="Tone">How it came out.</param>
/// <param name="IsWait">Whether somebody was waited for.</param>
internal readonly record struct TimelineItem(DateTimeOffset Start, DateTimeOffset End, string Name, string Tone, bool IsWait);

/// <summary>The lane of one agent, or of those that have none of their own.</summary>
internal sealed class TimelineLane(string name, int agents)
{
    private const int Slices = 140;
    private const int MostRows = 14;
    private const int MostLetters = 30;
    private const double RowHeight = 17;
    private const double BarHeight = 9;
    private const double ColumnHeight = 34;
    private const double Head = 12;

    public string Name { get; } = name;

    public int Agents { get; } = agents;

    public int Actions { get; set; }

    public List<TimelineItem> Items { get; } = [];

    /// <summary>When the agent was at work, as the tasks say.</summary>
    public List<(DateTimeOffset Start, DateTimeOffset End)> Spans { get; } = [];

    public double Top { get; set; }

    public double Bottom { get; private set; }

    /// <summary>Draws the lane, and so gives it a bottom.</summary>
    /// <param name="svg">The picture.</param>
    /// <param name="scale">Where instants stand.</param>
    /// <param name="one">Whether each act is drawn; otherwise how many there were in each slice of time.</param>
    public void Draw(HtmlPage svg, TimeScale scale, bool one)
    {
        var body = HtmlPage.Fragment(part => Bottom = Top + Head + (one ? OneByOne(part, scale) : Columns(part, scale)));
        svg.Write($"<rect class=\"lane\" x=\"0\" y=\"{Top}\" width=\"{Svg.Width}\" height=\"{Bottom - Top - 4}\"/>");
        svg.Write($"<text class=\"name\" x=\"8\" y=\"{Top + 18}\">{Svg.Fit(Name, TimeScale.Left - 20)}</text><text class=\"quiet\" x=\"8\" y=\"{Top + 33}\">{HtmlText.Count(Actions, "action")}</text>\n");
        foreach (var (start, end) in Merged())
        {
            svg.Write($"<rect class=\"span\" x=\"{scale.At(start)}\" y=\"{Top + 4}\" width=\"{Math.Max(2, scale.At(end) - scale.At(start))}\" height=\"3\"/>");
        }

        svg.Write($"\n{body}");
    }

    // Acts that overlap stand below each other, and so do those whose names would.
    private double OneByOne(HtmlPage svg, TimeScale scale)
    {
        var free = new List<double>();
        foreach (var item in Items)
        {
            var label = HtmlText.Cut(item.Name, MostLetters);
            var (x, width, text) = (scale.At(item.Start), Math.Max(4, scale.At(item.End) - scale.At(item.Start)), Svg.WidthOf(label));
            var before = x + width + 5 + text > Svg.Width;
            var (from, until) = before ? (x - 5 - text, x + width + 6) : (x, x + width + 5 + text + 8);
            var row = free.FindIndex(end => end <= from);
            var named = row >= 0 || free.Count < MostRows;
            if (row < 0 && named)
            {
                row = free.Count;
                free.Add(0);
            }
            else if (row < 0)
            {
                // No room for its name: where it hides least.
                row = free.IndexOf(free.Min());
                until = Math.Max(free[row], x + width);
            }

            free[row] = until;
            var y = Top + Head + (row * RowHeight);
            svg.Write($"<rect class=\"act {item.Tone}{(item.IsWait ? " wait" : "")}\" x=\"{x}\" y=\"{y + 2}\" width=\"{width}\" height=\"{BarHeight}\"/>");
            if (named)
            {
                svg.Write($"<text x=\"{(before ? x - 5 : x + width + 5)}\" y=\"{y + 11}\"{new Markup(before ? " text-anchor=\"end\"" : "")}>{label}</text>\n");
            }
        }

        return Math.Max(2, free.Count) * RowHeight + 8;
    }

    private double Columns(HtmlPage svg, TimeScale scale)
    {
        var width = TimeScale.Across / Slices;
        var slices = Items.GroupBy(item => scale.Slice(item.Start, Slices)).OrderBy(group => group.Key).ToList();
        var largest = slices.Count == 0 ? 0 : slices.Max(slice => slice.Count());
        foreach (var slice in slices)
        {
            var (x, y) = (TimeScale.Left + (slice.Key * width), Top + Head + ColumnHeight);
            var height = ColumnHeight * Math.Sqrt((double)slice.Count() / largest);
            foreach (var tone in Outcomes.Tones)
            {
                var count = slice.Count(item => item.Tone == tone);
                if (count > 0)
                {
                    // What went wrong is seen, however much went well beside it.
                    var part = Math.Max(tone == "good" ? 1 : 2, height * count / slice.Count());
                    y -= part;
                    svg.Write($"<rect class=\"act {tone}\" x=\"{x}\" y=\"{y}\" width=\"{Math.Max(1, width - 1)}\" height=\"{part}\"/>");
                }
            }

            svg.Markup("\n");
        }

        return ColumnHeight + 10;
    }

    private List<(DateTimeOffset Start, DateTimeOffset End)> Merged()
    {
        var merged = new List<(DateTimeOffset Start, DateTimeOffset End)>();
        foreach (var span in Spans.OrderBy(span => span.Start).ThenBy(span => span.End))
        {
            if (merged.Count > 0 && span.Start <= merged[^1].End)
            {
                merged[^1] = (merged[^1].Start, span.End > merged[^1].End ? span.End : merged[^1].End);
            }
            else
            {
                merged.Add(span);
            }
        }

        // A lane of very many agents would be a line all the same.
        return merged.Count <= Slices ? merged : [(merged[0].Start, merged.Max(span => span.End))];
    }
}
