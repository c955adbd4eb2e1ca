using System.Text.Json;
using Cairn.Evidence.Records;
using Cairn.TrailGenerator;
using Cairn.Trails.Bundles;
using Cairn.Trails.Findings;
using Cairn.Trails.Tests.Laws;

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

    [Fact]
    public async Task Index_puts_off_a_trail_that_grew_by_little_and_says_so_until_all_is_asked_for()
    {
        await using var trails = await TrailLedger.OpenAsync();
        var trace = await trails.TellAsync(10);
        using var index = FindingIndex.Open(trails.Ledger, trails.Directory, Options);
        await index.CatchUpAsync(0.5, TestContext.Current.CancellationToken);
        Assert.Equal(0, index.Waiting);

        await trails.TellAsync(new TrailStory { Trace = trace, Begins = DateTimeOffset.UtcNow }.Also(story => story.Act(tool: "bash", status: "ok")));
        Assert.Equal(0, await index.CatchUpAsync(0.5, TestContext.Current.CancellationToken));
        Assert.Equal(1, index.Waiting);
        Assert.DoesNotContain(index.Findings(trace), finding => finding.Rule == "environment.direct_shell");

        Assert.Equal(1, await index.CatchUpAsync(TestContext.Current.CancellationToken));
        Assert.Equal(0, index.Waiting);
        Assert.Contains(index.Findings(trace), finding => finding.Rule == "environment.direct_shell");
    }

    [Fact]
    public async Task Index_does_not_put_off_a_trail_whose_credential_another_trail_revokes()
    {
        await using var trails = await TrailLedger.OpenAsync();
        var used = Story().Wait(100).Also(story => story.Act(more: new { credential = "c1" }));
        await trails.TellAsync(used);
        using var index = FindingIndex.Open(trails.Ledger, trails.Directory, Options);
        await index.CatchUpAsync(9, TestContext.Current.CancellationToken);

        await trails.TellAsync(Story().Also(story => story.Tell(RecordKinds.CredentialRevoked, body: new { id = "c1", reason = "stolen" })));
        await index.CatchUpAsync(9, TestContext.Current.CancellationToken);

        Assert.Contains(index.Findings(used.Trace), finding => finding.Rule == "credentials.used_after_revocation");
        Assert.Equal(0, index.Waiting);
    }

    /// <summary>The law: findings that are kept up piece by piece are those of a look at all at once.</summary>
    [Fact]
    public async Task Index_that_followed_a_ledger_has_the_findings_of_one_that_is_made_anew()
    {
        await using var trails = await TrailLedger.OpenAsync();
        using (var index = FindingIndex.Open(trails.Ledger, trails.Directory, Options))
        {
            for (var seed = 1UL; seed <= 4; seed++)
            {
                await trails.TellAsync(new FleetOptions { Seed = seed, RecordsPerTrail = 150, RecordsPerStatement = 7, Faults = 0.2, Late = 0.3 });
                await index.CatchUpAsync(seed % 2 == 0 ? 0 : 0.2, TestContext.Current.CancellationToken);
            }
        }

        var followed = await AllAsync(trails);
        foreach (var file in Directory.EnumerateFiles(trails.Directory.Root, "index.db*").ToList())
        {
            File.Delete(file);
        }

        Assert.Equal(followed, await AllAsync(trails));
    }

    /// <summary>The law: reconstruct(export(trail)) is reconstruct(ledger), to the byte of all that is concluded.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Bundle_of_a_generated_trail_gives_what_the_ledger_gives(ulong seed)
    {
        await using var trails = await TrailLedger.OpenAsync();
        var trace = await trails.TellAsync(new FleetOptions { Seed = seed, RecordsPerTrail = 300, RecordsPerStatement = 9, Faults = 0.2, Late = 0.3 });
        var path = trails.PathOf("trail.zip");
        await BundleWriter.WriteAsync(trails.Ledger, trails.Directory, trace, path, cancellationToken: TestContext.Current.CancellationToken);

        await using var file = File.OpenRead(path);
        var (report, read) = BundleTrail.Read(file, trails.Directory.TrustPolicy(), TestContext.Current.CancellationToken);

        Assert.Equal(0, report.Integrity.FailureCount);
        Assert.Equal(TrailText.Of(await new TrailStore(trails.Ledger).ReadAsync(trace, TestContext.Current.CancellationToken)), TrailText.Of(read!));
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
