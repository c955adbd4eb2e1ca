using System.IO.Compression;
using System.Security.Cryptography;
using Cairn.Evidence.Tests.Verification;

namespace Cairn.EndToEnd;

/// <summary>What is handed to people: the report, and the verifier in the bundle.</summary>
public class ReportTests
{
    [Fact]
    public async Task A_trail_is_reported_from_the_ledger_and_from_its_bundle_with_the_same_story()
    {
        using var folder = new TemporaryFolder();
        var trace = await RecordAsync(folder);

        var ofLedger = await CairnProgram.RunAsync("report", trace[..8], "--data", folder["data"], "-o", folder["ledger.html"]);
        var ofBundle = await CairnProgram.RunAsync("report", "--bundle", folder["trail.zip"], "--trust", folder["trust.policy"], "-o", folder["bundle.html"]);
        var unpinned = await CairnProgram.RunAsync("report", "--bundle", folder["trail.zip"], "-o", folder["unpinned.html"]);

        Assert.True((ofLedger.ExitCode, ofBundle.ExitCode, unpinned.ExitCode) == (0, 0, 0), $"{ofLedger}\n{ofBundle}\n{unpinned}");
        var (ledger, bundle) = (await File.ReadAllLinesAsync(folder["ledger.html"], Cancel), await File.ReadAllLinesAsync(folder["bundle.html"], Cancel));
        var differing = ledger.Zip(bundle).Where(lines => lines.First != lines.Second).ToList();
        Assert.Equal(ledger.Length, bundle.Length);
        Assert.Contains("Judged where the evidence was exported", Assert.Single(differing).First);
        Assert.Contains(ledger, line => line.Contains("Verified: ", StringComparison.Ordinal));
        Assert.Contains("unpinned", unpinned.Messages);
        Assert.Contains("Verified by its own keys only", await File.ReadAllTextAsync(folder["unpinned.html"], Cancel));
    }

    [Fact]
    public async Task A_bundle_carries_the_report_of_that_moment_and_the_verifier_whose_digest_the_program_tells()
    {
        using var folder = new TemporaryFolder();
        var trace = await RecordAsync(folder);
        await CairnProgram.RunAsync("report", trace, "--data", folder["data"], "-o", folder["report.html"]);

        await using var bundle = await ZipFile.OpenReadAsync(folder["trail.zip"], Cancel);
        await bundle.GetEntry("report.html")!.ExtractToFileAsync(folder["carried.html"], Cancel);
        await bundle.GetEntry("verify.html")!.ExtractToFileAsync(folder["verify.html"], Cancel);

        Assert.Equal(await File.ReadAllBytesAsync(folder["report.html"], Cancel), await File.ReadAllBytesAsync(folder["carried.html"], Cancel));
        var digest = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(folder["verify.html"], Cancel)));
        await CairnProgram.RunAsync("export", trace, "--data", folder["data"], "-o", folder["bare.zip"], "--no-pages");
        await using var bare = await ZipFile.OpenReadAsync(folder["bare.zip"], Cancel);
        Assert.DoesNotContain(bare.Entries, entry => entry.Name.EndsWith(".html", StringComparison.Ordinal));
        Assert.Equal($"{digest}  verify.html\n", (await CairnProgram.RunAsync("verifier")).Output);
        Assert.Contains(digest, await File.ReadAllTextAsync(folder["carried.html"], Cancel));
    }

    [Fact]
    public async Task An_altered_bundle_gets_a_page_of_failures_and_no_story()
    {
        using var folder = new TemporaryFolder();
        await RecordAsync(folder);
        var bytes = await File.ReadAllBytesAsync(folder["trail.zip"], Cancel);
        var altered = BundleBytes.Edit(bytes, "records.jsonl", text => text.Replace("\"kind\":\"action.requested\"", "\"kind\":\"action.requestee\"", StringComparison.Ordinal));
        await File.WriteAllBytesAsync(folder["trail.zip"], altered, Cancel);

        var report = await CairnProgram.RunAsync("report", "--bundle", folder["trail.zip"], "--trust", folder["trust.policy"], "-o", folder["report.html"]);

        Assert.Equal(1, report.ExitCode);
        var page = await File.ReadAllTextAsync(folder["report.html"], Cancel);
        Assert.Contains("Not verified: integrity", page);
        Assert.DoesNotContain("What happened, in plain words", page);
    }

    [Theory]
    [InlineData("one of the two")]
    [InlineData("one of the two", "4bf92f35", "--bundle", "x.zip")]
    [InlineData("no bundle at", "--bundle", "/nowhere/x.zip")]
    [InlineData("--trust is for a bundle", "4bf92f35", "--trust", "x")]
    public async Task Wrong_usage_is_told(string message, params string[] words)
    {
        using var folder = new TemporaryFolder();

        var outcome = await CairnProgram.RunAsync(["report", .. words, "--data", folder["data"], "-o", folder["report.html"]]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(message, outcome.Messages);
        Assert.False(File.Exists(folder["report.html"]));
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // A command, its bundle and the ledger's policy.
    private static async Task<string> RecordAsync(TemporaryFolder folder)
    {
        var ran = await CairnProgram.RunAsync("exec", "--data", folder["data"], "--", "true");
        Assert.True(ran.ExitCode == 0, ran.ToString());
        var trace = (await Recorded.ReadAsync(folder["data"]))[0].Trace.ToString();
        var export = await CairnProgram.RunAsync("export", trace, "--data", folder["data"], "-o", folder["trail.zip"]);
        Assert.True(export.ExitCode == 0, export.ToString());
        await File.WriteAllTextAsync(folder["trust.policy"], (await CairnProgram.RunAsync("keys", "--data", folder["data"])).Output, Cancel);
        return trace;
    }
}
