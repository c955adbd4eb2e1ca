using System.Diagnostics;
using Cairn.Bench.Measuring;
using Cairn.Evidence.Records;
using Cairn.Ledger;
using Cairn.Trails.Findings;

namespace Cairn.Bench.Trails;

/// <summary>
/// One ledger that grows from ten thousand records to ten million, of trails of about a thousand: at each size, what came
/// since the last is taken in by the finding index, as <c>cairn check</c> does, and by the one that <c>cairn find</c> asks.
/// </summary>
internal static class GrowthSection
{
    private const string Folder = "growth";

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Options options, TextWriter progress)
    {
        var rows = new List<Row>();
        await using var ledger = await FleetLedger.CreateAsync(Path.Combine(options.Data, Folder));
        var before = (Records: 0L, Statements: 0L);
        foreach (var size in new[] { 10_000L, 100_000, 1_000_000, 10_000_000 }.Where(size => size <= options.Most))
        {
            progress.WriteLine($"a ledger of {size:N0} records: making, signing, acknowledging…");
            var making = Stopwatch.GetTimestamp();
            await ledger.GrowAsync(size);
            var made = Stopwatch.GetElapsedTime(making).TotalSeconds;
            progress.WriteLine($"  {(ledger.Records - before.Records) / made:N0} records/s; load average {Conditions.Load()}");
            if (options.Runs("findings"))
            {
                rows.AddRange(await CheckAsync(ledger, size, before, made));
            }

            if (options.Runs("find"))
            {
                progress.WriteLine($"  finding; load average {Conditions.Load()}…");
                rows.AddRange(await FindSection.MeasureAsync(ledger, size, ledger.Records - before.Records));
            }

            before = (ledger.Records, ledger.Bench.Ledger.Count());
        }

        rows.Add(new Row("trails.storage", $"data directory with its indexes, bytes for each of {ledger.Records:N0} records", Unit.Bytes, Better.Lower, Bytes(options) / (double)ledger.Records));
        return rows;
    }

    private static async Task<IEnumerable<Row>> CheckAsync(FleetLedger ledger, long size, (long Records, long Statements) before, double made)
    {
        var added = ledger.Records - before.Records;
        var (started, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        using var index = FindingIndex.Open(ledger.Bench.Ledger, ledger.Bench.Directory, new CheckOptions());
        var trails = await index.CatchUpAsync();
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var processor = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
        var limit = await ReadAsync(ledger.Bench.Ledger, before.Statements);

        // What a job that runs often pays: nothing has come since.
        var again = Stopwatch.GetTimestamp();
        _ = await index.CatchUpAsync();
        var idle = Stopwatch.GetElapsedTime(again).TotalSeconds;
        return
        [
            new Row($"findings.{size}", $"findings of a ledger that grows to {size:N0}, records", Unit.PerSecond, Better.Higher, added / seconds)
            {
                Limit = new Beside(limit, "the same statements read once from the journal, each record read strictly, on one core"),
                Aim = 100_000,
                Details =
                [
                    ("records that came", added, null),
                    ("trails checked", trails, null),
                    ("processor time, all threads", processor, Unit.Time),
                    ("a check when nothing has come", idle, Unit.Time),
                    ("records made, signed and acknowledged in a second", added / made, Unit.PerSecond),
                ],
            },
        ];
    }

    /// <returns>Records in a second.</returns>
    private static async Task<double> ReadAsync(EmbeddedLedger ledger, long from)
    {
        var (started, records) = (Stopwatch.GetTimestamp(), 0L);
        await foreach (var entry in ledger.ReadAsync(from, ledger.Count(), CancellationToken.None))
        {
            foreach (var record in entry.Records)
            {
                _ = RecordView.Parse(record.Span);
                records++;
            }
        }

        return records / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static long Bytes(Options options) =>
        Directory.EnumerateFiles(Path.Combine(options.Data, Folder), "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
}
