using System.Globalization;
using Cairn.Bench.Measuring;
using Cairn.Bench.Verification;
using Cairn.Evidence.Statements;
using Cairn.Sdk;

namespace Cairn.Bench.Proof;

/// <summary>How many bytes a record takes in a bundle, by capture profile and by records to a statement.</summary>
internal static class BundleBytesSection
{
    private const double MostBytes = 180;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Options options, TextWriter progress)
    {
        var rows = new List<Row>();
        foreach (var profile in new[] { CaptureProfile.Metadata, CaptureProfile.Redacted, CaptureProfile.Full })
        {
            foreach (var each in new[] { 1, 10, 100 })
            {
                progress.WriteLine($"  {profile}, {each} to a statement…");
                var name = $"bytes.{profile.ToString().ToLowerInvariant()}.{each.ToString(CultureInfo.InvariantCulture)}";
                var bundle = await BenchBundle.MakeAsync(options, name, new BundleShape(options.Quick ? 2_000 : 20_000, each, StatementAlgorithm.ES256, profile), pages: true);
                File.Delete(bundle.Path);
                rows.Add(Row(name, bundle));
            }
        }

        return rows;
    }

    private static Row Row(string name, BenchBundle bundle)
    {
        var shape = bundle.Shape;
        var kept = shape.Profile == CaptureProfile.Metadata ? 0 : bundle.ContentBytes;
        return new Row(name, $"bundle, for each record: {shape.Profile.ToString().ToLowerInvariant()}, {(shape.RecordsEach == 1 ? "one record" : $"{shape.RecordsEach} records")} to a statement", Unit.Bytes, Better.Lower, (double)bundle.Bytes / shape.Records)
        {
            Limit = new Beside((bundle.RecordBytes + kept) / (double)shape.Records, kept > 0 ? "the raw records and contents" : "the raw records"),
            Aim = shape is { Profile: CaptureProfile.Metadata, RecordsEach: 100 } ? MostBytes : null,
            Details =
            [
                ("records", shape.Records, null),
                ("raw record", bundle.RecordBytes / (double)shape.Records, Unit.Bytes),
                ("raw content, for each record", kept / (double)shape.Records, Unit.Bytes),
                ("with report.html and verify.html", bundle.BytesWithPages!.Value / (double)shape.Records, Unit.Bytes),
                ("the ledger's data directory", bundle.StoredBytes / (double)shape.Records, Unit.Bytes),
            ],
        };
    }
}
