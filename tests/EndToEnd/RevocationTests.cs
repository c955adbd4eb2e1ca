using System.Globalization;

namespace Cairn.EndToEnd;

/// <summary>A key of an emitter is revoked, with the real program, a real time stamp authority, and a verifier who has the trust policy of before.</summary>
public sealed class RevocationTests : IDisposable
{
    private const string Emitter = "spiffe://cairn.local/gateway/exec";
    private readonly TemporaryFolder _folder = new();
    private readonly TimestampAuthority _authority = new();

    public RevocationTests() => File.WriteAllBytes(_folder["root.der"], _authority.Root);

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Trail_that_was_stamped_before_a_key_was_in_doubt_stands_and_a_later_one_does_not()
    {
        var before = await RecordAsync();
        await RunAsync("timestamp", "add", "acme", _authority.Url, "--root", _folder["root.der"]);
        await RunAsync("timestamp", "now");
        await File.WriteAllTextAsync(_folder["trust.policy"], (await RunAsync("keys")).Output);
        await Task.Delay(TimeSpan.FromSeconds(4)); // a token of whole seconds, good to one second
        var since = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var after = await RecordAsync();
        await Task.Delay(TimeSpan.FromSeconds(1));

        var revoked = await RunAsync("identity", "revoke", "--emitter", Emitter, "--since", since, "--reason", "the host was taken over");

        Assert.Equal(2, revoked.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        var good = await VerifyAsync(before);
        Assert.True(good.ExitCode == 0, good.ToString());
        Assert.Matches($@"of {Emitter}, revoked since {since} by the record at index \d+: \d+ statements signed before, by the word of the timestamper acme \(not after", good.Output.ReplaceLineEndings(" "));
        var bad = await VerifyAsync(after);
        Assert.Equal(1, bad.ExitCode);
        Assert.Contains("key-revoked: statement", bad.Output, StringComparison.Ordinal);
        Assert.Contains("not provably signed before", bad.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);

        Assert.Matches(@"signed before, by the word of the timestamper acme", (await RunAsync("show", before)).Output.ReplaceLineEndings(" "));
        Assert.Contains("not provably signed before", (await RunAsync("show", after)).Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        await RunAsync("report", before, "-o", _folder["report.html"]);
        Assert.Contains("by the word of the timestamper acme", await File.ReadAllTextAsync(_folder["report.html"]), StringComparison.Ordinal);

        Assert.Contains("refused since", (await RunAsync("identity", "show")).Output, StringComparison.Ordinal);
        Assert.Empty(RecordSchemas.Errors(await Recorded.ReadAsync(_folder["data"])));
        Assert.Equal(0, (await RunAsync("fsck")).ExitCode);
    }

    [Fact]
    public async Task Key_without_a_time_is_not_believed_from_the_record_on_and_an_emitter_with_another_key_goes_on()
    {
        var before = await RecordAsync();
        await File.WriteAllTextAsync(_folder["trust.policy"], (await RunAsync("keys")).Output);

        await RunAsync("identity", "revoke", "--emitter", Emitter, "--reason", "retired host");
        var after = await RecordAsync();

        var old = await VerifyAsync(before);
        Assert.True(old.ExitCode == 0, old.ToString());
        Assert.Contains("signed before, by its place in the ledger", old.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        var present = await VerifyAsync(after);
        Assert.True(present.ExitCode == 0, present.ToString());
        Assert.DoesNotContain("revoked", present.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("neither a file nor 64", "nonsense", "--reason", "x")]
    [InlineData("is yet to come", "--emitter", Emitter, "--since", "2999-01-01", "--reason", "x")]
    [InlineData("no statement of this ledger is by", "--emitter", "spiffe://cairn.local/gateway/nobody", "--reason", "x")]
    [InlineData("expected a KEY", "--reason", "x")]
    public async Task Mistake_is_named_and_revokes_nothing(string message, params string[] arguments)
    {
        await RecordAsync();

        var refused = await CairnProgram.RunAsync(["identity", "revoke", .. arguments, "--data", _folder["data"]]);

        Assert.Equal(2, refused.ExitCode);
        Assert.Contains(message, refused.Messages.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["data/keys/revoked.json"]));
    }

    private async Task<Outcome> RunAsync(params string[] arguments)
    {
        var outcome = await CairnProgram.RunAsync([.. arguments, "--data", _folder["data"]]);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        return outcome;
    }

    /// <summary>A trail of one command; gives its id.</summary>
    private async Task<string> RecordAsync()
    {
        await RunExecAsync();
        using var trails = System.Text.Json.JsonDocument.Parse((await RunAsync("trails", "--output", "json")).Output);
        var all = trails.RootElement.ValueKind == System.Text.Json.JsonValueKind.Array ? trails.RootElement : trails.RootElement.GetProperty("trails");
        return all.EnumerateArray().MaxBy(trail => trail.GetProperty("started").GetString(), StringComparer.Ordinal).GetProperty("trace").GetString()!;
    }

    private async Task RunExecAsync()
    {
        var ran = await CairnProgram.RunAsync("exec", "--data", _folder["data"], "--", "true");
        Assert.True(ran.ExitCode == 0, ran.ToString());
    }

    private async Task<Outcome> VerifyAsync(string trace)
    {
        var path = _folder[$"{trace}.zip"];
        await RunAsync("export", trace, "-o", path);
        return await CairnProgram.RunAsync("verify", path, "--trust", _folder["trust.policy"]);
    }
}
