using Cairn.Bench.Limits;

namespace Cairn.Bench.Measuring;

/// <summary>One section of an area: its name for --only, what it says while it runs, and the measurement.</summary>
internal sealed record Section(string Name, string What, Func<MachineLimits, Task<IReadOnlyList<Row>>> MeasureAsync);

/// <summary>One run of an area: the machine's limits, then its sections, one table and one file.</summary>
internal static class AreaRun
{
    public static async Task<int> RunAsync(Options options, TextWriter output, TextWriter progress, IReadOnlyList<Section> sections)
    {
        var load = Conditions.Load();
        Directory.CreateDirectory(options.Data);
        try
        {
            var recordBytes = new SampleRecords().Write(1000).Length;
            progress.WriteLine("limits of this machine…");
            var limits = MachineLimits.Measure(recordBytes, options.Data, options.Quick);
            var rows = new List<Row>();
            foreach (var section in sections.Where(section => options.Runs(section.Name)))
            {
                progress.WriteLine(section.What);
                rows.AddRange(await section.MeasureAsync(limits));
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
