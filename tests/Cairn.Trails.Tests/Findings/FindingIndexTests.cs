using System.Text.Json;
using Cairn.Evidence.Records;
using Cairn.Trails.Bundles;
using Cairn.Trails.Findings;

namespace Cairn.Trails.Tests.Findings;

public sealed class FindingIndexTests
{
    private static readonly CheckOptions Options = new();

    [Fact]
    public async Task Index_checks_only_trails_that_changed_and_comes_back_the_same_when_deleted()
    {
        await using var trails = await TrailLedger.OpenAsync();
        await trails.TellAsync(2);
        var second = await trails.TellAsync(1);
        using (var index = FindingIndex.Open(trails.Ledger, trails.Directory, Options))
        {
            Assert.Equal(2, await index.CatchUpAsync(TestContext.Current.CancellationToken));
            Assert.Equal(0, await index.CatchUpAsync(TestContext.Current.CancellationToken));
        }

        await trails.TellAsync(new TrailStory { Trace = second, Begins = DateTimeOffset.UtcNow }.Also(story => story.Act(tool: "bash", status: "ok")));
        using (var index = FindingIndex.Open(trails.Ledger, trails.Directory, Options))
        {
            Assert.Equal(1, await index.CatchUpAsync(TestContext.Current.CancellationToken));
            var finding = Assert.Single(index.Findings(second), finding => finding.Rule == "environment.direct_shell");
            Assert.Equal(second, finding.Trace);
        }

        var first = await AllAsync(trails);
        foreach (var file in Directory.EnumerateFiles(trails.Directory.Root, "index.db*").ToList())
        {
            File.Delete(file);
        }

        Assert.Equal(first, await AllAsync(trails));
    }

    [Fact]
    public async Task Index_finds_a_credential_that_two_trails_share_in_both_of_them()
    {
        await using var trails = await TrailLedger.OpenAsync();
        var one = await trails.TellAsync(Story().Also(story => story.Act(more: new { credential = "shared" })));
        using var index = FindingIndex.Open(trails.Ledger, trails.Directory, Options);
        await index.CatchUpAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotContain(index.Findings(), finding => finding.Rule == "credentials.shared_by_tasks");

        var other = await trails.TellAsync(Story().Also(story => story.Act(more: new { credential = "shared" })));
        await index.CatchUpAsync(TestContext.Current.CancellationToken);

        Assert.Equal(
            new[] { one, other }.Select(trace => trace.ToString()).Order(),
            index.Findings().Where(finding => finding.Rule == "credentials.shared_by_tasks").Select(finding => finding.Trace.ToString()).Order());
    }

    [Fact]
    public async Task Index_finds_a_use_after_a_revocation_that_another_trail_tells()
    {
        await using var trails = await TrailLedger.OpenAsync();
        var used = Story().Wait(100).Also(story => story.Act(more: new { credential = "c1" }));
        await trails.TellAsync(used);
        using var index = FindingIndex.Open(trails.Ledger, trails.Directory, Options);
        await index.CatchUpAsync(TestContext.Current.CancellationToken);
        Assert.Contains(index.Findings(), finding => finding.Rule == "credentials.unknown");

        await trails.TellAsync(Story().Also(story =>
        {
            story.Issue();
            story.Tell(RecordKinds.CredentialRevoked, body: new { id = "c1", reason = "stolen" });
        }));
        await index.CatchUpAsync(TestContext.Current.CancellationToken);

        Assert.Contains(index.Findings(used.Trace), finding => finding.Rule == "credentials.used_after_revocation");
        Assert.DoesNotContain(index.Findings(), finding => finding.Rule == "credentials.unknown");
        Assert.True(index.Settled() > 0);
    }

    /// <summary>The law: reconstruct(export(trail)) is reconstruct(ledger).</summary>
    [Fact]
    public async Task Bundle_gives_the_same_trail_and_findings_as_the_ledger()
    {
        await using var trails = await TrailLedger.OpenAsync();
        var trace = await trails.TellAsync(3);
        var path = trails.PathOf("trail.zip");
        await BundleWriter.WriteAsync(trails.Ledger, trails.Directory, trace, path, cancellationToken: TestContext.Current.CancellationToken);

        await using var file = File.OpenRead(path);
        var (report, read) = BundleTrail.Read(file, trails.Directory.TrustPolicy(), TestContext.Current.CancellationToken);
        var ledger = await new TrailStore(trails.Ledger).ReadAsync(trace, TestContext.Current.CancellationToken);

        Assert.True(report.Verified);
        Assert.Equal(Text(RuleCatalogue.Check(new TrailCase(ledger))), Text(RuleCatalogue.Check(new TrailCase(read!))));
        Assert.Equal(ledger.Records.Select(record => record.Record.Id), read!.Records.Select(record => record.Record.Id));
    }

    [Fact]
    public async Task Bundle_whose_integrity_fails_gives_no_trail()
    {
        await using var trails = await TrailLedger.OpenAsync();
        var path = trails.PathOf("trail.zip");
        await BundleWriter.WriteAsync(trails.Ledger, trails.Directory, await trails.TellAsync(1), path, cancellationToken: TestContext.Current.CancellationToken);
        var bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        bytes[bytes.Length / 2] ^= 1;

        Assert.Null(BundleTrail.Read(new MemoryStream(bytes), trails.Directory.TrustPolicy(), default).Trail);
    }

    private static TrailStory Story() => new() { Begins = DateTimeOffset.UtcNow };

    private static async Task<string> AllAsync(TrailLedger trails)
    {
        using var index = FindingIndex.Open(trails.Ledger, trails.Directory, Options);
        await index.CatchUpAsync();
        return Text(index.Findings());
    }

    private static string Text(IEnumerable<Finding> findings) =>
        JsonSerializer.Serialize(findings.Select(finding => new { finding.Rule, finding.Message, Trace = finding.Trace.ToString(), Records = finding.Records.Select(record => record.ToString()) }));
}
