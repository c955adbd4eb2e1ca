namespace Cairn.Ledger.Checking;

/// <summary>Collects problems, so that a badly damaged directory still ends in a bounded report.</summary>
internal sealed class Findings
{
    private readonly List<FsckProblem> _problems = [];
    private long _more;

    public List<string> Notes { get; } = [];

    public long Tiles { get; set; }

    public long Statements { get; set; }

    public long Records { get; set; }

    public void Add(string code, string place, string expected, string found)
    {
        if (_problems.Count < FsckReport.MostProblems)
        {
            _problems.Add(new FsckProblem(code, place, expected, found));
        }
        else
        {
            _more++;
        }
    }

    /// <summary>Reports a difference; true when there is none.</summary>
    public bool Same<T>(string code, string place, T expected, T found)
    {
        var same = EqualityComparer<T>.Default.Equals(expected, found);
        if (!same)
        {
            Add(code, place, expected?.ToString() ?? "nothing", found?.ToString() ?? "nothing");
        }

        return same;
    }

    public FsckReport Report(long checkpoint, long waiting)
    {
        if (_more > 0)
        {
            Notes.Add($"{_more} further problems are not listed");
        }

        return new FsckReport(checkpoint, Statements, Records, Tiles, waiting, _problems, Notes);
    }
}
