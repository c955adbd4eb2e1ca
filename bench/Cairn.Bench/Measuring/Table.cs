namespace Cairn.Bench.Measuring;

/// <summary>The one table that a run prints.</summary>
internal static class Table
{
    private static readonly string[] Heads = ["what", "measured", "limit", "to limit", "peer", "to peer", "aim", "to aim"];

    /// <summary>Writes the conditions, then the rows. A ratio of 1 is equal, above 1 better, below 1 worse.</summary>
    public static void Write(TextWriter output, IReadOnlyList<string> conditions, IReadOnlyList<Row> rows)
    {
        foreach (var line in conditions)
        {
            output.WriteLine(line);
        }

        output.WriteLine();
        var cells = rows.Select(Cells).ToList();
        var widths = Enumerable.Range(0, Heads.Length).Select(column => cells.Append(Heads).Max(row => row[column].Length)).ToArray();
        Line(output, Heads, widths);
        output.WriteLine(string.Join("  ", widths.Select(width => new string('─', width))));
        foreach (var row in cells)
        {
            Line(output, row, widths);
        }

        output.WriteLine();
        foreach (var row in rows)
        {
            Notes(output, row);
        }
    }

    private static string[] Cells(Row row) =>
    [
        row.What,
        Figures.Text(row.Measured, row.Unit),
        row.Limit is { } limit ? Figures.Text(limit.Value, row.Unit) : "—",
        Figures.Ratio(row.RatioTo(row.Limit?.Value)),
        row.Peer is { } peer ? Figures.Text(peer.Value, row.Unit) : "—",
        Figures.Ratio(row.RatioTo(row.Peer?.Value)),
        row.Aim is { } aim ? Figures.Text(aim, row.Unit) : "—",
        row.Aim is 0 ? (row.Measured < 0.5 ? "met" : "not met") : Figures.Ratio(row.RatioTo(row.Aim)),
    ];

    private static void Line(TextWriter output, string[] cells, int[] widths) => output.WriteLine(
        string.Join("  ", cells.Select((cell, column) => column == 0 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))).TrimEnd());

    private static void Notes(TextWriter output, Row row)
    {
        var notes = new List<string>();
        if (row.Limit is { } limit)
        {
            notes.Add($"limit: {limit.What}");
        }

        if (row.Peer is { } peer)
        {
            notes.Add($"peer: {peer.What}");
        }

        notes.AddRange(row.Details.Select(detail => $"{detail.Name}: {Figures.Text(detail.Value, detail.Unit)}"));
        if (notes.Count > 0)
        {
            output.WriteLine($"{row.What}");
            output.WriteLine($"  {string.Join("\n  ", notes)}");
        }
    }
}
