using Cairn.Bench.Measuring;

namespace Cairn.Bench.Trails;

/// <summary>The benchmarks of trails: from records to a trail, to findings, and what a ledger's growth does to both.</summary>
internal static class TrailsArea
{
    public static async Task<int> RunAsync(Options options, TextWriter output, TextWriter progress)
    {
        var load = Conditions.Load();
        Directory.CreateDirectory(options.Data);
        try
        {
            var rows = new List<Row>();
            if (options.Runs("reconstruct"))
            {
                rows.AddRange(ReconstructSection.Measure(options, progress));
            }

            if (options.Runs("findings") || options.Runs("find"))
            {
                rows.AddRange(await GrowthSection.MeasureAsync(options, progress));
            }

            var conditions = Conditions.Lines(
                options, "records: generated trails (bench/Cairn.TrailGenerator, seed 1), about 680 bytes each, metadata profile, 100 to a statement, ES256", load);
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
