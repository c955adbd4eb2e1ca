using System.Text;
using Cairn.Evidence;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Tests.Verification;
using Cairn.Evidence.Verification;
using Cairn.Trails.Bundles;
using Cairn.Trails.Reports;

namespace Cairn.Trails.Tests.Reports;

/// <summary>The two pages in a bundle: what they are, and what verifiers make of them.</summary>
public sealed class BundlePagesTests
{
    [Fact]
    public async Task Bundle_carries_the_report_of_its_own_evidence_and_the_verifier_byte_for_byte()
    {
        await using var trails = await TrailLedger.OpenAsync();
        var trace = await trails.TellAsync(3);
        var path = await ExportAsync(trails, trace);

        var files = BundleBytes.Files(await File.ReadAllBytesAsync(path, Cancel));
        var evidence = await BundleWriter.ReadAsync(trails.Ledger, trails.Directory, trace, Cancel);

        Assert.Equal(TrailReport.Render(evidence), files[BundleFiles.Report]);
        Assert.Equal(VerifierPage.Bytes.ToArray(), files[BundleFiles.Verifier]);
        await using var zip = File.OpenRead(path);
        var again = ReportEvidence.Read(zip, trails.Directory.TrustPolicy(), ReportTrust.Exporter, Cancel);
        Assert.Equal(files[BundleFiles.Report], TrailReport.Render(again));
        Assert.Contains($"\"sha256\": \"{VerifierPage.Sha256}\"", Encoding.UTF8.GetString(files[BundleFiles.Manifest]));
    }

    [Fact]
    public async Task Trail_of_a_bundle_is_the_trail_of_the_ledger()
    {
        await using var trails = await TrailLedger.OpenAsync();
        var begins = DateTimeOffset.UtcNow.AddSeconds(-1);
        var story = new TrailStory { Begins = new DateTimeOffset(begins.Ticks - (begins.Ticks % 10), TimeSpan.Zero) };
        var root = story.Begin();
        var work = story.Delegate(root);
        story.Act(work, agent: "b", more: new { writes = true });
        story.Act(work, agent: "b", status: null);
        story.Issue();
        story.Finish(root);
        var trace = await trails.TellAsync(story);
        var path = await ExportAsync(trails, trace);

        var ofLedger = await new TrailStore(trails.Ledger).ReadAsync(trace, Cancel);
        await using var zip = File.OpenRead(path);
        var (_, ofBundle) = BundleTrail.Read(zip, trails.Directory.TrustPolicy(), Cancel);

        Assert.Equivalent(ofLedger.Records.Select(Told), ofBundle!.Records.Select(Told), strict: true);
        Assert.Equal(ofLedger.Actions, ofBundle.Actions);
        Assert.Equal(ofLedger.Tasks, ofBundle.Tasks);
        Assert.Equivalent(ofLedger.Delegations, ofBundle.Delegations, strict: true);
        Assert.Equivalent(ofLedger.Authority.Credentials, ofBundle.Authority.Credentials, strict: true);
        Assert.Equal(ofLedger.Graph.InOrder.Select(span => (span.Id, span.Parent)), ofBundle.Graph.InOrder.Select(span => (span.Id, span.Parent)));
    }

    [Theory]
    [InlineData(BundleFiles.Report)]
    [InlineData(BundleFiles.Verifier)]
    public async Task Altered_page_is_named_and_one_that_fits_the_manifest_again_says_nothing_to_a_verdict(string page)
    {
        await using var trails = await TrailLedger.OpenAsync();
        var trace = await trails.TellAsync(2);
        var path = await ExportAsync(trails, trace);
        var files = BundleBytes.Files(await File.ReadAllBytesAsync(path, Cancel));
        files[page] = Encoding.UTF8.GetBytes("<!doctype html><title>All is well</title>");

        var altered = Verify(BundleBytes.Zip(files, fitManifest: false), trails);
        Assert.Equal((VerdictState.Failed, ReasonCodes.ManifestMismatch, page), (altered.Integrity.State, altered.Integrity.Failures[0].Code, altered.Integrity.Failures[0].Subject.Id));

        var fitted = Verify(BundleBytes.Zip(files, fitManifest: true), trails);
        await using var zip = File.OpenRead(path);
        var honest = BundleVerifier.Verify(zip, trails.Directory.TrustPolicy(), cancellationToken: Cancel);
        Assert.Equal(VerificationJson.Encode(honest), VerificationJson.Encode(fitted));
    }

    [Fact]
    public async Task Flipped_bit_of_a_page_is_named()
    {
        await using var trails = await TrailLedger.OpenAsync();
        var files = BundleBytes.Files(await ReadAsync(trails, await trails.TellAsync(1)));
        files[BundleFiles.Report][^20] ^= 1;

        var report = Verify(BundleBytes.Zip(files, fitManifest: false), trails);

        Assert.Equal((ReasonCodes.FileDigest, BundleFiles.Report), (report.Integrity.Failures.Single().Code, report.Integrity.Failures.Single().Subject.Id));
    }

    [Fact]
    public async Task Bundle_without_pages_is_whole()
    {
        await using var trails = await TrailLedger.OpenAsync();
        var trace = await trails.TellAsync(1);
        var path = trails.PathOf("plain.zip");
        await BundleWriter.WriteAsync(trails.Ledger, trails.Directory, trace, path, new BundleOptions { Pages = false }, Cancel);

        Assert.DoesNotContain(BundleFiles.Report, BundleBytes.Files(await File.ReadAllBytesAsync(path, Cancel)).Keys);
        Assert.True(Verify(await File.ReadAllBytesAsync(path, Cancel), trails).Verified);
    }

    [Fact]
    public async Task Nothing_is_told_of_evidence_that_does_not_hold()
    {
        await using var trails = await TrailLedger.OpenAsync();
        var files = BundleBytes.Files(await ReadAsync(trails, await trails.TellAsync(2)));
        var text = Encoding.UTF8.GetString(files[BundleFiles.Records]);
        files[BundleFiles.Records] = Encoding.UTF8.GetBytes(text.Replace("alice", "mabel", StringComparison.Ordinal));

        using var zip = new MemoryStream(BundleBytes.Zip(files, fitManifest: true));
        var page = Encoding.UTF8.GetString(TrailReport.Render(ReportEvidence.Read(zip, trails.Directory.TrustPolicy(), ReportTrust.Reader, Cancel)));

        Assert.Contains("Not verified: integrity failed.", page);
        Assert.Contains("records-root", page);
        Assert.DoesNotContain("mabel", page);
        Assert.DoesNotContain("What happened, in plain words", page);
    }

    [Fact]
    public async Task Page_of_a_bundle_that_vouches_for_itself_says_so()
    {
        await using var trails = await TrailLedger.OpenAsync();
        await using var zip = File.OpenRead(await ExportAsync(trails, await trails.TellAsync(1)));

        var page = Encoding.UTF8.GetString(TrailReport.Render(ReportEvidence.Read(zip, null, ReportTrust.Bundle, Cancel)));

        Assert.Contains("Verified by its own keys only", page);
        Assert.Contains("the bundle vouched for itself", page);
        Assert.DoesNotContain("banner good", page);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static (RecordId, SpiffeId, StreamId, long) Told(TrailRecord record) => (record.Record.Id, record.Issuer, record.Stream, record.Statement);

    private static async Task<string> ExportAsync(TrailLedger trails, TraceId trace)
    {
        var path = trails.PathOf($"{trace}.cairn.zip");
        await BundleWriter.WriteAsync(trails.Ledger, trails.Directory, trace, path, cancellationToken: Cancel);
        return path;
    }

    private static async Task<byte[]> ReadAsync(TrailLedger trails, TraceId trace) => await File.ReadAllBytesAsync(await ExportAsync(trails, trace), Cancel);

    private static VerificationReport Verify(byte[] zip, TrailLedger trails) => BundleVerifier.Verify(new MemoryStream(zip), trails.Directory.TrustPolicy(), cancellationToken: Cancel);
}
