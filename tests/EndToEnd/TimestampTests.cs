using System.Diagnostics;

namespace Cairn.EndToEnd;

/// <summary>Checkpoints stamped by a real authority, and trails that show it to whoever verifies them.</summary>
public sealed class TimestampTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TimestampAuthority _authority = new();

    public TimestampTests() => File.WriteAllBytes(_folder["root.der"], _authority.Root);

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Verified_trail_says_by_whose_word_it_existed_and_when()
    {
        await RecordAsync();
        await AddAsync();
        var stamped = await RunAsync("timestamp", "now");
        Assert.True(stamped.ExitCode == 0, stamped.ToString());
        Assert.Contains("acme stamped the checkpoint of size", stamped.Messages, StringComparison.Ordinal);

        var verified = await VerifyAsync();

        Assert.True(verified.ExitCode == 0, verified.ToString());
        Assert.Matches(@"by the word of a timestamper: not after \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \(acme\)", verified.Output);
        Assert.DoesNotContain("timestamps of an independent authority over the checkpoints", verified.Output, StringComparison.Ordinal);
        Assert.Matches(@"by the word of a timestamper: not after \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \(acme\)", (await RunAsync("show", await TraceAsync())).Output);
        Assert.Matches(@"By the word of a timestamper, all of this was made not after \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \(acme\)", await ReportAsync());
        Assert.Contains("has stamped the checkpoint of size", (await RunAsync("timestamp", "now")).Messages, StringComparison.Ordinal);
        Assert.Contains("newest token over the checkpoint of size", (await RunAsync("timestamp", "list")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_of_an_authority_with_a_wrong_clock_is_refused_and_not_kept()
    {
        await RecordAsync();
        await AddAsync();
        _authority.Off = TimeSpan.FromHours(-2);

        var stamped = await RunAsync("timestamp", "now");

        Assert.Equal(1, stamped.ExitCode);
        Assert.Contains("one clock is wrong; the token is not kept", stamped.Messages, StringComparison.Ordinal);
        Assert.True(!Directory.Exists(_folder["data/anchors"]) || Directory.GetFiles(_folder["data/anchors"], "*.tst", SearchOption.AllDirectories).Length == 0);
    }

    [Fact]
    public async Task Authority_that_is_down_is_named_and_evidence_goes_on_without_it()
    {
        await RecordAsync();
        await AddAsync();
        _authority.Stop();

        var stamped = await RunAsync("timestamp", "now");
        var verified = await VerifyAsync();

        Assert.Equal(1, stamped.ExitCode);
        Assert.Contains("acme can't be asked at http://127.0.0.1:", stamped.Messages, StringComparison.Ordinal);
        Assert.True(verified.ExitCode == 0, verified.ToString());
        Assert.DoesNotContain("timestamper:", verified.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Authority_that_was_removed_is_not_asked_and_its_tokens_count_until_it_is_distrusted()
    {
        await RecordAsync();
        await AddAsync();
        await RunAsync("timestamp", "now");
        Assert.Equal(0, (await RunAsync("timestamp", "remove", "acme")).ExitCode);
        Assert.Equal(2, (await RunAsync("timestamp", "now")).ExitCode);
        Assert.Contains("(acme)", (await VerifyAsync()).Output, StringComparison.Ordinal);

        await RunAsync("timestamp", "remove", "acme", "--distrust");
        var verified = await VerifyAsync();

        Assert.DoesNotContain("(acme)", verified.Output, StringComparison.Ordinal);
        Assert.Contains("timestamp-unknown", verified.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_has_checkpoints_stamped_by_itself()
    {
        await RecordAsync();
        await AddAsync();
        var start = CairnProgram.Start("serve", "--listen", "http://127.0.0.1:0", "--timestamp-every", "1s", "--data", _folder["data"]);
        using var server = Process.Start(start)!;
        server.BeginErrorReadLine();
        var patience = Stopwatch.StartNew();
        while (_authority.Answers == 0 && patience.Elapsed < TimeSpan.FromSeconds(30))
        {
            await Task.Delay(100);
        }

        await RecordAsync();
        while (_authority.Answers < 2 && patience.Elapsed < TimeSpan.FromSeconds(60))
        {
            await Task.Delay(100);
        }

        server.Kill(entireProcessTree: true);
        await server.WaitForExitAsync();
        Assert.True(_authority.Answers >= 2);
    }

    private Task<Outcome> RunAsync(params string[] arguments) => CairnProgram.RunAsync([.. arguments, "--data", _folder["data"]]);

    private async Task RecordAsync()
    {
        var ran = await CairnProgram.RunAsync("exec", "--data", _folder["data"], "--", "true");
        Assert.True(ran.ExitCode == 0, ran.ToString());
    }

    private async Task AddAsync()
    {
        var added = await RunAsync("timestamp", "add", "acme", _authority.Url, "--root", _folder["root.der"]);
        Assert.True(added.ExitCode == 0, added.ToString());
    }

    private async Task<string> TraceAsync() =>
        (await RunAsync("trails")).Output.Split('\n').SelectMany(line => line.Split(' ')).First(word => word.Length >= 8 && word.All(char.IsAsciiHexDigitLower));

    private async Task<string> ReportAsync()
    {
        var reported = await RunAsync("report", await TraceAsync(), "-o", _folder["report.html"]);
        Assert.True(reported.ExitCode == 0, reported.ToString());
        return await File.ReadAllTextAsync(_folder["report.html"]);
    }

    private async Task<Outcome> VerifyAsync()
    {
        var exported = await RunAsync("export", await TraceAsync(), "-o", _folder["trail.zip"]);
        Assert.True(exported.ExitCode == 0, exported.ToString());
        File.WriteAllText(_folder["trust.policy"], (await RunAsync("keys")).Output);
        return await CairnProgram.RunAsync("verify", _folder["trail.zip"], "--trust", _folder["trust.policy"]);
    }
}
