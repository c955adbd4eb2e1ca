namespace Cairn.Trails.Reports;

/// <summary>Who acted for whom: tasks, delegations with the rights they left, and what was done under each.</summary>
internal static class AuthorityPicture
{
    private const double Indent = 26;
    private const double Bars = 610;
    private const double BarWidth = 110;
    private const int DeepestIndent = 14;

    public static void Write(HtmlPage page, Trail trail, Names names)
    {
        var rows = AuthorityTree.Of(trail, names);
        if (rows.Count == 0)
        {
            return;
        }

        var most = Math.Max(1, rows.Max(row => row.Actions.Count));
        var y = 6.0;
        // Where the rows above stand: a line goes from each to what is below it.
        var above = new List<(double X, double Y)>();
        var (drawn, cuts) = (new List<Drawn>(), new List<double>());
        foreach (var row in rows)
        {
            var height = row.Detail.Length == 0 ? 22 : 40;
            var x = 8 + (Indent * Math.Min(row.Depth, DeepestIndent));
            above.RemoveRange(Math.Min(above.Count, row.Depth), above.Count - Math.Min(above.Count, row.Depth));
            if (above.Count > 0)
            {
                var (fromX, fromY) = above[^1];
                drawn.Add(new Drawn(fromY, y + 12, HtmlPage.Fragment(svg => svg.Write($"<path class=\"line\" d=\"M{fromX + 5} {fromY + 6}V{y + 11}H{x - 3}\"/>"))));
            }

            above.Add((x, y + 11));
            drawn.Add(new Drawn(y, y + height, HtmlPage.Fragment(svg => Row(svg, row, x, y, most))));
            y += height;
            cuts.Add(y);
        }

        cuts[^1] = y + 4;
        page.Markup("<section aria-labelledby=\"authority\">\n<h2 id=\"authority\">Who acted for whom</h2>\n");
        Svg.Figure(page, "authority-picture", "Delegation graph", $"{HtmlText.Count(trail.Tasks.Select(task => task.Span).Distinct().Count(), "task")} and {HtmlText.Count(trail.Delegations.Count, "delegation")}, each below what caused it, with what was done under it. A bar's length grows with the square root of the number of actions.", cuts, drawn);
        page.Markup("</section>\n");
    }

    private static void Row(HtmlPage svg, AuthorityRow row, double x, double y, int most)
    {
        var mark = row.Kind switch
        {
            "agent" => HtmlPage.Fragment(part => part.Write($"<rect class=\"node\" x=\"{x}\" y=\"{y + 6}\" width=\"10\" height=\"10\"/>")),
            "delegation" => HtmlPage.Fragment(part => part.Write($"<path class=\"node\" d=\"M{x} {y + 11}L{x + 5} {y + 6}L{x + 10} {y + 11}L{x + 5} {y + 16}Z\"/>")),
            "tool" => HtmlPage.Fragment(part => part.Write($"<circle class=\"leaf\" cx=\"{x + 5}\" cy=\"{y + 11}\" r=\"3\"/>")),
            _ => HtmlPage.Fragment(part => part.Write($"<rect class=\"leaf\" x=\"{x + 1}\" y=\"{y + 9}\" width=\"8\" height=\"3\"/>")),
        };
        svg.Write($"{mark}<text class=\"{row.Kind}\" x=\"{x + 16}\" y=\"{y + 15}\">{Svg.Fit(row.Text, Bars - x - 30)}</text>");
        if (row.Detail.Length > 0)
        {
            svg.Write($"<text class=\"quiet\" x=\"{x + 16}\" y=\"{y + 30}\">{Svg.Fit(row.Detail, (row.Kind == "delegation" ? Svg.Width : Bars) - x - 30)}</text>");
        }

        if (row.Kind is "tool" or "more" && row.Actions.Count > 0)
        {
            Bar(svg, row.Actions, y, most);
        }

    }

    private static void Bar(HtmlPage svg, IReadOnlyList<TrailAction> actions, double y, int most)
    {
        var (x, whole) = (Bars, BarWidth * Math.Sqrt((double)actions.Count / most));
        foreach (var tone in Outcomes.Tones)
        {
            var count = actions.Count(action => Outcomes.Tone(action.Status) == tone);
            if (count > 0)
            {
                var width = Math.Max(3, whole * count / actions.Count);
                svg.Write($"<rect class=\"act {tone}\" x=\"{x}\" y=\"{y + 7}\" width=\"{width}\" height=\"9\"/>");
                x += width;
            }
        }

        svg.Write($"<text class=\"quiet\" x=\"{x + 6}\" y=\"{y + 15}\">{Svg.Fit(Outcomes.Counted(actions), Svg.Width - x - 6)}</text>");
    }
}
