using System.Globalization;
using System.Text.Json;
using Cairn.Bench.Measuring;

namespace Cairn.Bench.Trails;

/// <summary>One trail, from its records' bytes to its parts, and all rules over it, as it gets larger.</summary>
internal static class ReconstructSection
{
    private const int Million = 1_000_000;

    public static IReadOnlyList<Row> Measure(Options options, TextWriter progress) =>
        [.. new[] { 10_000, 100_000, Million }.Where(size => size <= options.Most).SelectMany(size =>
        {
            progress.WriteLine($"one trail of {size:N0} records…");
            return Rows(size, Run(size));
        })];

    private static Dictionary<string, double> Run(int size) =>
        Child.Run(Environment.ProcessPath!, [TrailChild.Command, size.ToString(CultureInfo.InvariantCulture)], "the trail's process").Deserialize<Dictionary<string, double>>()!;

    private static IEnumerable<Row> Rows(int size, Dictionary<string, double> run)
    {
        var records = run["records"];
        yield return new Row($"reconstruct.{size}", $"reconstruct a trail of {size:N0} records", Unit.Time, Better.Lower, run["reconstruct"])
        {
            Limit = new Beside(run["strict"], "a strict read of each record's bytes alone, on one core"),
            Aim = size == Million ? 5 : null,
            Details =
            [
                ("processor time, all threads", run["reconstruct_cpu"], Unit.Time),
                ("records in a second", records / run["reconstruct"], Unit.PerSecond),
                ("spans", run["spans"], null),
            ],
        };
        yield return new Row($"reconstruct.memory.{size}", $"its process's memory at the peak, {size:N0} records", Unit.Bytes, Better.Lower, run["peak_bytes"])
        {
            Limit = new Beside(run["record_bytes"], "the records' own bytes"),
            Aim = size == Million ? 2L << 30 : null,
            Details = [("held by the trail beside the records' bytes", run["held_bytes"], Unit.Bytes)],
        };
        yield return new Row($"rules.{size}", $"all rules over a trail of {size:N0}, records", Unit.PerSecond, Better.Higher, records / run["check"])
        {
            Aim = 100_000,
            Details = [("findings", run["findings"], null), ("processor time, all threads", run["check_cpu"], Unit.Time)],
        };
    }
}
