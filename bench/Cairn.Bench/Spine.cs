using Cairn.Bench.Limits;
using Cairn.Bench.Measuring;
using Cairn.Bench.Peers;

namespace Cairn.Bench;

/// <summary>The spine's benchmarks: limits and peer first, then each section, in one run on one machine.</summary>
internal static class Spine
{
    public static Task<int> RunAsync(Options options, TextWriter output, TextWriter progress)
    {
        var load = Conditions.Load();
        var recordBytes = new SampleRecords().Write(1000).Length;
        if (Directory.Exists(options.Data))
        {
            Directory.Delete(options.Data, recursive: true);
        }

        Directory.CreateDirectory(options.Data);
        progress.WriteLine("limits of this machine…");
        var limits = MachineLimits.Measure(recordBytes, options.Data, options.Quick);
        progress.WriteLine("peer…");
        var peer = GovernanceAudit.Measure(options.Peers, options.Quick);

        var rows = new List<Row>(LimitRows.Of(limits, peer));
        var conditions = Conditions.Lines(options, recordBytes, load);
        Table.Write(output, conditions, rows);
        ResultFile.Write(options.Results, conditions, rows);
        progress.WriteLine($"written to {Path.GetRelativePath(options.Root, options.Results)}");
        Directory.Delete(options.Data, recursive: true);
        return Task.FromResult(0);
    }
}
