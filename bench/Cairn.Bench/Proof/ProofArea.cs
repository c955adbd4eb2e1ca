using Cairn.Bench.Limits;
using Cairn.Bench.Measuring;

namespace Cairn.Bench.Proof;

/// <summary>The benchmarks of proof: what it costs that others can check.</summary>
internal static class ProofArea
{
    public static async Task<int> RunAsync(Options options, TextWriter output, TextWriter progress)
    {
        var load = Conditions.Load();
        Directory.CreateDirectory(options.Data);
        try
        {
            var recordBytes = new SampleRecords().Write(1000).Length;
            progress.WriteLine("limits of this machine…");
            var limits = MachineLimits.Measure(recordBytes, options.Data, options.Quick);
            var rows = new List<Row>();
            if (options.Runs("witness"))
            {
                progress.WriteLine("witness…");
                rows.AddRange(await WitnessSection.MeasureAsync(options, limits));
            }

            var conditions = Conditions.Lines(options, recordBytes, load);
            Table.Write(output, conditions, rows);
            ResultFile.Write(options.Results, conditions, rows);
            progress.WriteLine($"written to {Path.GetRelativePath(options.Root, options.Results)}");
            return 0;
        }
        finally
        {
            Directory.Delete(options.Data, recursive: true);
        }
    }
}
