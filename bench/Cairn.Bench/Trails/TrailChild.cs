using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Cairn.Bench.Measuring;
using Cairn.Evidence.Records;
using Cairn.TrailGenerator;
using Cairn.Trails;
using Cairn.Trails.Findings;

namespace Cairn.Bench.Trails;

/// <summary>
/// One trail in a process of its own, so that its memory is nobody else's: made in memory in the order of its arrival, then
/// parsed, reconstructed and judged by all rules. Prints what each took as one JSON object.
/// </summary>
internal static class TrailChild
{
    public const string Command = "trail-child";

    /// <param name="records">About how many records.</param>
    /// <exception cref="BenchException">The trail that came out is not the one that was made.</exception>
    public static int Run(string records)
    {
        var arrived = Make(int.Parse(records, CultureInfo.InvariantCulture));
        var bytes = arrived.Sum(one => (long)one.Bytes.Length);
        GC.Collect();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var clock = new Clock();
        foreach (var one in arrived)
        {
            _ = RecordView.Parse(one.Bytes.Span);
        }

        var strict = clock.Lap();
        var trail = Trail.From(arrived.Select(one => new TrailRecord(Record.Parse(one.Bytes), one.Emitter.Id, one.Emitter.Stream, one.Statement)));
        var spans = trail.Graph.InOrder.Count;
        var reconstruct = clock.Lap();
        using var process = Process.GetCurrentProcess();
        var peak = process.PeakWorkingSet64;
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        if (trail.Records.Count != arrived.Count)
        {
            throw new BenchException($"the trail has {trail.Records.Count} records of {arrived.Count}");
        }

        clock.Lap();
        var findings = RuleCatalogue.Check(new TrailCase(trail)).Count();
        var check = clock.Lap();
        using var writer = new Utf8JsonWriter(Console.OpenStandardOutput());
        writer.WriteStartObject();
        writer.WriteNumber("records", arrived.Count);
        writer.WriteNumber("record_bytes", bytes);
        writer.WriteNumber("spans", spans);
        writer.WriteNumber("strict", strict.Seconds);
        writer.WriteNumber("reconstruct", reconstruct.Seconds);
        writer.WriteNumber("reconstruct_cpu", reconstruct.Cpu);
        writer.WriteNumber("peak_bytes", peak);
        writer.WriteNumber("held_bytes", held);
        writer.WriteNumber("findings", findings);
        writer.WriteNumber("check", check.Seconds);
        writer.WriteNumber("check_cpu", check.Cpu);
        writer.WriteEndObject();
        return 0;
    }

    // As a ledger gives them back: the records of one statement in one piece of memory.
    private static List<(ReadOnlyMemory<byte> Bytes, FleetEmitter Emitter, long Statement)> Make(int records)
    {
        var fleet = new Fleet(new FleetOptions { RecordsPerTrail = records, Parallel = 1 });
        var arrived = new List<(ReadOnlyMemory<byte>, FleetEmitter, long)>(records + (records / 10));
        var index = 0L;
        foreach (var statement in Arrivals.Of(fleet.Trail(), fleet))
        {
            var all = new byte[statement.Records.Sum(record => record.Length)];
            var at = 0;
            foreach (var record in statement.Records)
            {
                record.CopyTo(all.AsMemory(at));
                arrived.Add((all.AsMemory(at, record.Length), statement.Emitter, index));
                at += record.Length;
            }

            index++;
        }

        return arrived;
    }
}
