using System.Diagnostics;
using System.Text.Json;
using Cairn.Bench.Ingest;
using Cairn.Bench.Limits;
using Cairn.Bench.Measuring;
using Cairn.Bench.Peers;
using Cairn.Evidence.Records;
using Cairn.Sdk;

namespace Cairn.Bench.Emission;

/// <summary>
/// What a buffered record costs the code that emits it. Signing, spool and ledger run at the same time on the same cores,
/// as in an agent; records come in bursts with pauses, so that the queue never fills and no wait for it is measured.
/// </summary>
internal static class EmitSection
{
    private const int Burst = 100;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Options options, MachineLimits limits, GovernanceAudit peer)
    {
        await using var ledger = await BenchLedger.CreateAsync(Path.Combine(options.Data, "emit"));
        var records = new SampleRecords();
        var emitterOptions = new EmitterOptions
        {
            Issuer = records.Emitter,
            Signer = ledger.Authority.SourceFor(records.Emitter),
            SpoolPath = ledger.Directory.SpoolPath,
            SpoolFirst = true,
        };
        await using var emitter = await Emitter.StartAsync(emitterOptions, ledger.Ledger);
        var draft = new RecordDraft<int>(
            RecordKinds.ActionRequested, records.Trace, records.Span, records.Parent, null, records.Actor, 0, WriteBody);

        // By time, not by count: on a busy machine the optimising compiler takes seconds to get its turn.
        var warm = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(warm) < WarmUp)
        {
            _ = Emit(emitter, draft, new double[5000]);
            await emitter.FlushAsync();
        }

        var seconds = new double[options.Quick ? 30_000 : 200_000];
        var allocatedElsewhere = GC.GetTotalAllocatedBytes();
        var allocated = Emit(emitter, draft, seconds);
        await emitter.FlushAsync();
        allocatedElsewhere = GC.GetTotalAllocatedBytes() - allocatedElsewhere;
        return Rows(new Distribution(seconds), (double)allocated / seconds.Length, (double)allocatedElsewhere / seconds.Length, limits, peer);
    }

    /// <returns>Bytes that the emitting thread allocated while it emitted.</returns>
    private static long Emit(Emitter emitter, in RecordDraft<int> draft, double[] seconds)
    {
        long allocated = 0;
        for (var i = 0; i < seconds.Length; i += Burst)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var j = 0; j < Burst; j++)
            {
                var started = Stopwatch.GetTimestamp();
                emitter.Emit(in draft);
                seconds[i + j] = Stopwatch.GetElapsedTime(started).TotalSeconds;
            }

            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            Thread.Sleep(Pause);
        }

        return allocated;
    }

    private static void WriteBody(int state, Utf8JsonWriter writer) => SampleRecords.WriteBody(writer);

    private static List<Row> Rows(Distribution cost, double allocated, double allocatedInAll, MachineLimits limits, GovernanceAudit peer) =>
    [
        new("emit.median", "buffered record, caller's cost, median", Unit.Time, Better.Lower, cost.Median)
        {
            Limit = new Beside(limits.RecordHash, "SHA-256 of the record (done later, off the caller's path)"),
            Peer = new Beside(peer.Median, $"one audit append, median ({peer.Name})"),
            Aim = 1.5e-6,
            Details = [("records", cost.Count, null), ("p90", cost.At(0.9), Unit.Time), ("reading the clock, included", ClockRead(), Unit.Time)],
        },
        new("emit.p99", "buffered record, caller's cost, p99", Unit.Time, Better.Lower, cost.P99)
        {
            Peer = new Beside(peer.P99, $"one audit append, p99 ({peer.Name})"),
        },
        new("emit.allocated", "buffered record, allocated by the caller", Unit.Bytes, Better.Lower, allocated)
        {
            Aim = 0,
            Details = [("by the whole process for each record, ledger included", allocatedInAll, Unit.Bytes)],
        },
    ];

    private static double ClockRead() => Repeat.SecondsPerCall(5, 10_000, static () => _ = Stopwatch.GetTimestamp());
}
