using Cairn.Evidence;
using Cairn.Evidence.Verification;
using Cairn.Trails.Bundles;

namespace Cairn.Trails.Tests;

public sealed class BundleWriterTests
{
    [Fact]
    public async Task Bundle_of_a_real_ledger_s_trail_verifies_under_its_trust_policy()
    {
        await using var trails = await TrailLedger.OpenAsync();
        await trails.TellAsync(2);
        var trace = await trails.TellAsync(3);
        await trails.TellAsync(1);
        var path = trails.PathOf("evidence.cairn.zip");

        var summary = await BundleWriter.WriteAsync(trails.Ledger, trails.Directory, trace, path, cancellationToken: TestContext.Current.CancellationToken);

        await using var file = File.OpenRead(path);
        var report = BundleVerifier.Verify(file, trails.Directory.TrustPolicy(), cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(report.Verified, string.Join('\n', VerificationText.Lines(report)));
        Assert.Equal((5L, 8L), (summary.Statements, summary.Records));
        Assert.Equal((5L, 8L), (report.Counts.Statements, report.Counts.Records));
        Assert.Equal(VerdictState.Passed, report.Completeness.State);
        Assert.DoesNotContain(Directory.EnumerateFiles(Path.GetDirectoryName(path)!), file => file.EndsWith(".part", StringComparison.Ordinal) || file.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Export_of_a_trail_that_is_not_there_says_so_and_leaves_no_file()
    {
        await using var trails = await TrailLedger.OpenAsync();
        var path = trails.PathOf("evidence.cairn.zip");

        var error = await Assert.ThrowsAsync<BundleExportException>(() => BundleWriter.WriteAsync(trails.Ledger, trails.Directory, TraceId.New(), path));

        Assert.Contains("no record of trail", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(path));
    }
}
