using System.Globalization;
using Cairn.Bench.Measuring;
using Cairn.Bench.Verification;
using Cairn.Evidence.Statements;

namespace Cairn.Bench.Proof;

/// <summary>
/// How fast a stranger verifies a whole bundle: the C# verifier in a process of its own, on one thread, and the second verifier on the
/// same bundles in Node.js and in a browser.
/// </summary>
internal static class VerificationSection
{
    private static IEnumerable<BundleShape> Shapes(bool quick) =>
    [
        new(quick ? 50_000 : 1_000_000, 100),
        new(quick ? 20_000 : 200_000, 100, StatementAlgorithm.EdDSA),
        new(quick ? 10_000 : 200_000, 10),
        new(quick ? 2_000 : 20_000, 1),
    ];

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Options options, TextWriter progress)
    {
        var rows = new List<Row>();
        foreach (var shape in Shapes(options.Quick))
        {
            progress.WriteLine($"  {shape.Records:N0} records, {Describe(shape)}: ledger and export…");
            var bundle = await BenchBundle.MakeAsync(options, Id(shape), shape);
            progress.WriteLine($"  verifying {Figures.Text(bundle.Bytes, Unit.Bytes)}…");
            var run = VerifyRun.Median(bundle.Path, bundle.Policy, options.Quick ? 1 : 3);
            if (run.Records != shape.Records || !run.Verified)
            {
                throw new BenchException($"the verifier saw {run.Records} records of {shape.Records}, verified: {run.Verified}");
            }

            rows.Add(Row(run, bundle));
            rows.AddRange(SecondVerifier(options, bundle, run));
            File.Delete(bundle.Path);
        }

        return rows;
    }

    private static string Describe(BundleShape shape) =>
        $"{(shape.RecordsEach == 1 ? "one" : shape.RecordsEach.ToString(CultureInfo.InvariantCulture))}-record statements, {shape.Algorithm}";

    private static string Id(BundleShape shape) => $"verify.{shape.RecordsEach}.{shape.Algorithm.ToString().ToLowerInvariant()}";

    private static Row Row(VerifyRun run, BenchBundle bundle) =>
        new(Id(bundle.Shape), $"records verified for each core, {Describe(bundle.Shape)}", Unit.PerSecond, Better.Higher, run.Records / run.CpuSeconds)
        {
            Limit = new Beside(run.Records / run.Limit, "members read, inflated and digested, leaf and node of each record, each statement's signature: each alone in that process"),
            Aim = bundle.Shape is { RecordsEach: 100, Algorithm: StatementAlgorithm.ES256 } ? 1_000_000 : null,
            Details =
            [
                ("records", run.Records, null),
                ("the first in a new process, for each core", run.Records / run.FirstCpuSeconds, Unit.PerSecond),
                ("the same by the clock", run.Records / run.FirstSeconds, Unit.PerSecond),
                ("a record, processor time", run.CpuSeconds / run.Records, Unit.Time),
                ("of it reading the file, alone", run.Read / run.Records, Unit.Time),
                ("of it inflating, SHA-256 and CRC-32 of the members, alone", (run.Members - run.Read) / run.Records, Unit.Time),
                ("of it leaf and node hash, alone", (run.Hashes - run.Members) / run.Records, Unit.Time),
                ("of it the statement's signature, alone", run.Signatures / run.Records, Unit.Time),
                ("bundle, for each record", (double)bundle.Bytes / run.Records, Unit.Bytes),
                ("peak memory of the verifier's process", run.PeakBytes, Unit.Bytes),
            ],
        };

    /// <summary>verify.html and the Node command, as they are built into and beside the program.</summary>
    private static IEnumerable<Row> SecondVerifier(Options options, BenchBundle bundle, VerifyRun beside)
    {
        var json = Child.Run("node", [Path.Combine(options.Root, "web", "verify", "measure.mjs"), "--of", bundle.Path, bundle.Policy], "web/verify/measure.mjs");
        double Number(string of, string name) => json.GetProperty(of).GetProperty(name).GetDouble();
        var records = json.GetProperty("records").GetDouble();
        var limit = new Beside(beside.Records / beside.CpuSeconds, "cairn verify on the same bundle, for each core");
        yield return new Row($"{Id(bundle.Shape)}.node", $"records verified in Node.js, {Describe(bundle.Shape)}", Unit.PerSecond, Better.Higher, records / Number("node", "cpu_seconds"), limit)
        {
            Details = [("by the clock", records / Number("node", "seconds"), Unit.PerSecond)],
        };
        yield return new Row($"{Id(bundle.Shape)}.browser", $"records verified by verify.html in Chromium, by the clock, {Describe(bundle.Shape)}", Unit.PerSecond, Better.Higher, records / Number("browser", "seconds"), limit)
        {
            Details = [("took, from the click to the answer", Number("browser", "seconds"), Unit.Time), ("longest pause of the page", Number("browser", "longest_pause_seconds"), Unit.Time)],
        };
    }
}
