using Cairn.Evidence;

namespace Cairn.Trails.Reports;

/// <summary>
/// The numbers by which a report cites records, and which records its evidence table has: the first ones by time, and of the rest
/// those that are cited. A citation never leads nowhere.
/// </summary>
internal sealed class Citations
{
    /// <summary>Records that are in the table, cited or not.</summary>
    public const int MostRecords = 500;

    private readonly Dictionary<RecordId, int> _numbers = [];
    private readonly HashSet<int> _cited = [];

    public Citations(Trail trail)
    {
        for (var i = 0; i < trail.Records.Count; i++)
        {
            _numbers.TryAdd(trail.Records[i].Record.Id, i);
        }
    }

    /// <summary>Links to records, to stand behind a sentence.</summary>
    public Markup Of(IEnumerable<RecordId> records) => HtmlPage.Fragment(page =>
    {
        var known = records.Select(record => _numbers.TryGetValue(record, out var number) ? number : -1).Where(number => number >= 0).Distinct().Order().ToList();
        if (known.Count == 0)
        {
            return;
        }

        page.Markup("<span class=\"cites\">");
        foreach (var number in known)
        {
            _cited.Add(number);
            page.Write($"<a href=\"#r{number + 1}\" aria-label=\"record {number + 1}\">{number + 1}</a>");
        }

        page.Markup("</span>");
    });

    /// <summary>The places, in the trail's order, of the records that the table has. To be read when all citations are made.</summary>
    public IEnumerable<int> InTable => Enumerable.Range(0, Math.Min(MostRecords, _numbers.Count)).Concat(_cited.Where(number => number >= MostRecords).Order());
}
