using System.Diagnostics;
using Cairn.Bench.Limits;
using Cairn.Bench.Measuring;
using Cairn.Bench.Peers;
using Cairn.Evidence.Submissions;
using Cairn.Ledger;

namespace Cairn.Bench.Ingest;

/// <summary>
/// How fast the embedded ledger takes statements and makes them durable. Each submitter is one stream with one statement
/// under way: it hands over the next when the last is acknowledged, as an emitter in strict mode does.
/// </summary>
internal static class IngestSection
{
    public static async Task<IReadOnlyList<Row>> MeasureAsync(Options options, MachineLimits limits, GovernanceAudit peer, int recordBytes)
    {
        var hundreds = await RunAsync(options, "ingest-100", new Load(Submitters: 32, Statements: options.Quick ? 30 : 150, RecordsEach: 100));
        var ones = await RunAsync(options, "ingest-1", new Load(Submitters: 256, Statements: options.Quick ? 30 : 250, RecordsEach: 1));
        return
        [
            Row("ingest.100", "durable ingest, 100-record statements, records", hundreds, 250_000, limits, peer, recordBytes),
            Row("ingest.1", "durable ingest, one-record statements", ones, 15_000, limits, peer, recordBytes),
        ];
    }

    private static async Task<Outcome> RunAsync(Options options, string name, Load load)
    {
        await using var ledger = await BenchLedger.CreateAsync(Path.Combine(options.Data, name));
        var warmUp = load.Statements;
        var streams = new List<Submission[]>();
        for (var i = 0; i < load.Submitters; i++)
        {
            using var svid = ledger.Issue($"bench-{i}");
            streams.Add([.. SignedStreams.Stream(svid, new SampleRecords(svid.Id), warmUp + load.Statements, load.RecordsEach)]);
        }

        await SubmitAllAsync(ledger.Ledger, streams, 0, warmUp, []);
        var latencies = new List<double>();
        GC.Collect();
        var (started, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        await SubmitAllAsync(ledger.Ledger, streams, warmUp, load.Statements, latencies);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var cpuSeconds = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
        return new Outcome(load, (double)load.Submitters * load.Statements / seconds, new Distribution([.. latencies]), cpuSeconds / seconds);
    }

    private static async Task SubmitAllAsync(EmbeddedLedger ledger, List<Submission[]> streams, int from, int count, List<double> latencies)
    {
        var each = await Task.WhenAll(streams.Select(stream => Task.Run(async () =>
        {
            var seconds = new double[count];
            for (var i = 0; i < count; i++)
            {
                var started = Stopwatch.GetTimestamp();
                _ = await ledger.SubmitAsync([stream[from + i]], CancellationToken.None);
                seconds[i] = Stopwatch.GetElapsedTime(started).TotalSeconds;
            }

            return seconds;
        })));
        latencies.AddRange(each.SelectMany(seconds => seconds));
    }

    private static Row Row(string id, string what, Outcome outcome, double aim, MachineLimits limits, GovernanceAudit peer, int recordBytes)
    {
        var records = outcome.Load.RecordsEach;
        var cpu = (records * limits.HashedRecord) + limits.Verify;
        var floor = (cpu / Environment.ProcessorCount) + (records * recordBytes * limits.WriteByte);
        return new Row(id, what, Unit.PerSecond, Better.Higher, outcome.StatementsPerSecond * records)
        {
            Limit = new Beside(records / floor, $"hashing, one ES256 verify a statement on {Environment.ProcessorCount} cores, and the bytes written in sequence"),
            Peer = new Beside(peer.AppendsPerSecond, $"audit appends in a second ({peer.Name})"),
            Aim = aim,
            Details =
            [
                ("submitters, one statement under way each", outcome.Load.Submitters, null),
                ("statements", (double)outcome.Load.Submitters * outcome.Load.Statements, null),
                ("until acknowledged, p50", outcome.Latency.Median, Unit.Time),
                ("until acknowledged, p99", outcome.Latency.P99, Unit.Time),
                ("cores busy", outcome.Cores, null),
            ],
        };
    }

    private sealed record Load(int Submitters, int Statements, int RecordsEach);

    private sealed record Outcome(Load Load, double StatementsPerSecond, Distribution Latency, double Cores);
}
