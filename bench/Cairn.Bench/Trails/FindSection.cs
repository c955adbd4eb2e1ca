using System.Diagnostics;
using Cairn.Bench.Measuring;
using Cairn.Trails.Index;

namespace Cairn.Bench.Trails;

/// <summary>The index behind <c>cairn find</c>: how fast it takes records in, and how long a page of 50 takes.</summary>
internal static class FindSection
{
    private const double TenMillion = 1e7;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(FleetLedger ledger, long size, long added)
    {
        var (started, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        using var index = TrailIndex.Open(ledger.Bench.Ledger, ledger.Bench.Directory);
        _ = await index.CatchUpAsync();
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var processor = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
        if (index.Records != ledger.Records)
        {
            throw new BenchException($"the index has {index.Records} records of {ledger.Records}");
        }

        var times = await AskAsync(index, await FindQueries.OfAsync(ledger.Bench.Ledger));
        var all = new Distribution([.. times.SelectMany(kind => kind.Value)]);
        return
        [
            new Row($"find.p95.{size}", $"find a page among {size:N0} records, p95", Unit.Time, Better.Lower, all.At(0.95))
            {
                Aim = size == TenMillion ? 0.05 : null,
                Details =
                [
                    ("p50", all.Median, Unit.Time),
                    ("p99", all.P99, Unit.Time),
                    ("queries", all.Count, null),
                    .. times.Select(kind => ($"{kind.Key}, p50", new Distribution([.. kind.Value]).Median, (Unit?)Unit.Time)),
                    .. times.Select(kind => ($"{kind.Key}, p95", new Distribution([.. kind.Value]).At(0.95), (Unit?)Unit.Time)),
                ],
            },
            new Row($"index.{size}", $"index of a ledger that grows to {size:N0}, records", Unit.PerSecond, Better.Higher, added / seconds)
            {
                Details = [("processor time, all threads", processor, Unit.Time)],
            },
        ];
    }

    // Each question once before the clock counts: compiled code, not a cold start, is what is compared between sizes.
    private static async Task<IReadOnlyDictionary<string, List<double>>> AskAsync(TrailIndex index, IReadOnlyList<(string Kind, RecordQuery Query)> queries)
    {
        foreach (var (_, query) in queries.DistinctBy(query => query.Kind))
        {
            _ = await index.FindAsync(query);
        }

        var times = new Dictionary<string, List<double>>();
        foreach (var (kind, query) in queries)
        {
            var asked = Stopwatch.GetTimestamp();
            _ = await index.FindAsync(query);
            var seconds = Stopwatch.GetElapsedTime(asked).TotalSeconds;
            if (!times.TryGetValue(kind, out var all))
            {
                times[kind] = all = [];
            }

            all.Add(seconds);
        }

        return times;
    }
}
