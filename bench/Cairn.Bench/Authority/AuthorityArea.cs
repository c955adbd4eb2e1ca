using Cairn.Bench.Measuring;

namespace Cairn.Bench.Authority;

/// <summary>The benchmarks of authority: what deciding costs before an act.</summary>
internal static class AuthorityArea
{
    public static async Task<int> RunAsync(Options options, TextWriter output, TextWriter progress)
    {
        var load = Conditions.Load();
        Directory.CreateDirectory(options.Data);
        try
        {
            var rows = new List<Row>();
            if (options.Runs("decisions"))
            {
                progress.WriteLine("decisions…");
                rows.AddRange(await DecisionSection.MeasureAsync(options));
            }

            var conditions = Conditions.Lines(options, new SampleRecords().Write(1000).Length, load);
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
