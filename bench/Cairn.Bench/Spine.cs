using Cairn.Bench.Emission;
using Cairn.Bench.Gateway;
using Cairn.Bench.Ingest;
using Cairn.Bench.Limits;
using Cairn.Bench.Measuring;
using Cairn.Bench.Peers;
using Cairn.Bench.Verification;

namespace Cairn.Bench;

/// <summary>The spine's benchmarks: limits and peer first, then each section, in one run on one machine.</summary>
internal static class Spine
{
    public static async Task<int> RunAsync(Options options, TextWriter output, TextWriter progress)
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
        await AddAsync("emit", "buffered records…", () => EmitSection.MeasureAsync(options, limits, peer));
        await AddAsync("ingest", "durable ingest…", () => IngestSection.MeasureAsync(options, limits, peer, recordBytes));
        await AddAsync("verify", "offline verification…", () => VerifySection.MeasureAsync(options, limits, peer, progress));
        await AddAsync("gateway", "gateway…", () => GatewaySection.MeasureAsync(options, limits));

        var conditions = Conditions.Lines(options, recordBytes, load);
        Table.Write(output, conditions, rows);
        ResultFile.Write(options.Results, conditions, rows);
        progress.WriteLine($"written to {Path.GetRelativePath(options.Root, options.Results)}");
        Directory.Delete(options.Data, recursive: true);
        return 0;

        async Task AddAsync(string section, string what, Func<Task<IReadOnlyList<Row>>> measure)
        {
            if (options.Runs(section))
            {
                progress.WriteLine(what);
                rows.AddRange(await measure());
            }
        }
    }
}
