using System.Globalization;
using Cairn.Bench.Ingest;
using Cairn.Bench.Limits;
using Cairn.Bench.Measuring;
using Cairn.Bench.Peers;
using Cairn.Trails.Bundles;

namespace Cairn.Bench.Verification;

/// <summary>
/// How fast a stranger verifies a bundle offline. The records go through a real ledger and a real export first; the
/// verifier then runs in a process of its own, so that its peak memory is nobody else's.
/// </summary>
internal static class VerifySection
{
    private const int RecordsEach = 100;
    private const string Folder = "verify";

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Options options, MachineLimits limits, GovernanceAudit peer, TextWriter progress)
    {
        var statements = options.Quick ? 1_000 : 10_000;
        var bundle = Path.Combine(options.Data, "trail.cairn.zip");
        var policy = Path.Combine(options.Data, "trust.policy");
        await WriteBundleAsync(options, statements, bundle, policy, progress);
        progress.WriteLine($"  verifying {Figures.Text(new FileInfo(bundle).Length, Unit.Bytes)}…");
        var run = VerifyRun.Median(bundle, policy, options.Quick ? 1 : 3);
        if (run.Records != (long)statements * RecordsEach)
        {
            throw new BenchException($"the verifier saw {run.Records} records of {statements * RecordsEach}");
        }

        var stored = Directory.EnumerateFiles(Path.Combine(options.Data, Folder), "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
        return [Row(run, limits, peer, new FileInfo(bundle).Length), Storage(stored / (double)run.Records, new FileInfo(bundle).Length / (double)run.Records)];
    }

    private static async Task WriteBundleAsync(Options options, int statements, string bundle, string policy, TextWriter progress)
    {
        await using var ledger = await BenchLedger.CreateAsync(Path.Combine(options.Data, Folder));
        using var svid = ledger.Issue("verify");
        var records = new SampleRecords(svid.Id);
        progress.WriteLine($"  ingesting {statements:N0} statements of {RecordsEach} records, one trail…");
        foreach (var batch in SignedStreams.Stream(svid, records, statements, RecordsEach).Chunk(20))
        {
            _ = await ledger.Ledger.SubmitAsync(batch, CancellationToken.None);
        }

        progress.WriteLine("  exporting the bundle…");
        await File.WriteAllTextAsync(policy, ledger.Directory.TrustPolicy().Encode());
        _ = await BundleWriter.WriteAsync(ledger.Ledger, ledger.Directory, records.Trace, bundle, new BundleOptions { Pages = false, CheckpointTimeout = TimeSpan.FromMinutes(5) });
    }

    private static Row Row(VerifyRun run, MachineLimits limits, GovernanceAudit peer, long bundleBytes)
    {
        var floor = limits.HashedRecord + (limits.Verify / RecordsEach);
        return new Row("verify", "offline verification, records for each core", Unit.PerSecond, Better.Higher, run.Records / run.FirstCpuSeconds)
        {
            Limit = new Beside(1 / floor, string.Create(CultureInfo.InvariantCulture, $"two SHA-256 a record and one ES256 verify for {RecordsEach} records, on one core")),
            Peer = new Beside(peer.VerifiedPerSecond, $"entries whose hash chain verify() recomputes; no signature, no bundle ({peer.Name})"),
            Aim = 1_000_000,
            Details =
            [
                ("records", run.Records, null),
                ("by the clock", run.Records / run.FirstSeconds, Unit.PerSecond),
                ("took", run.FirstSeconds, Unit.Time),
                ("bundle on disk", bundleBytes, Unit.Bytes),
                ("peak memory of the verifier's process", run.PeakBytes, Unit.Bytes),
            ],
        };
    }

    /// <summary>All of the data directory, journal, tiles, entries and keys, after the ledger was closed.</summary>
    private static Row Storage(double ledgerBytes, double bundleBytes) =>
        new("storage", "data directory, bytes for each record", Unit.Bytes, Better.Lower, ledgerBytes)
        {
            Aim = 180,
            Details = [("the bundle, for each record", bundleBytes, Unit.Bytes)],
        };
}
