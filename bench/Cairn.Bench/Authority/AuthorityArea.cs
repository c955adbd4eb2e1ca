using Cairn.Bench.Credentials;
using Cairn.Bench.Limits;
using Cairn.Bench.Measuring;

namespace Cairn.Bench.Authority;

/// <summary>The benchmarks of authority: what deciding costs before an act, what a credential costs, and what both add to a call.</summary>
internal static class AuthorityArea
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
            await AddAsync("decisions", "decisions…", () => DecisionSection.MeasureAsync(options));
            await AddAsync("gateway", "gateway with everything on…", () => GuardedGatewaySection.MeasureAsync(options, limits));
            await AddAsync("http", "the same over HTTP…", () => HttpGatewaySection.MeasureAsync(options, limits));
            await AddAsync("credentials", "token exchanges…", () => ExchangeSection.MeasureAsync(options, limits));

            var conditions = Conditions.Lines(options, recordBytes, load);
            Table.Write(output, conditions, rows);
            ResultFile.Write(options.Results, conditions, rows);
            progress.WriteLine($"written to {Path.GetRelativePath(options.Root, options.Results)}");
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
        finally
        {
            Directory.Delete(options.Data, recursive: true);
        }
    }
}
