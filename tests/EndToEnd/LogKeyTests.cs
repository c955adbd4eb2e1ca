using System.Diagnostics;
using System.Text.Json;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Checkpoints;

namespace Cairn.EndToEnd;

/// <summary>A ledger whose own keys change, with the real program: whoever has which policy goes on, and a thief of the old keys does not.</summary>
public sealed class LogKeyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Trails_of_before_across_and_after_a_change_verify_under_the_old_policy_the_new_one_and_both()
    {
        await RecordAsync("before");
        await SaveAsync("old.policy", "keys");
        await SaveAsync("next.lines", "keys", "rotate");
        await RecordAsync("in between");
        var oldKeys = (File.ReadAllText(Data("keys/log.ed25519")), File.ReadAllText(Data("keys/log.mldsa44")));
        await SaveAsync("retired.lines", "keys", "retire");
        await RecordAsync("after");
        await SaveAsync("new.policy", "keys");
        var next = (await File.ReadAllTextAsync(_folder["next.lines"])).Trim();
        await File.WriteAllTextAsync(_folder["both.policy"], $"{next}\n{await File.ReadAllTextAsync(_folder["old.policy"])}");
        await File.WriteAllTextAsync(_folder["bare.policy"], string.Join('\n', (await File.ReadAllLinesAsync(_folder["new.policy"])).Where(line => !line.StartsWith("retired ", StringComparison.Ordinal))) + "\n");

        var trails = await ExportAllAsync();

        Assert.True(trails.Count >= 5);
        foreach (var trail in trails)
        {
            foreach (var policy in new[] { "old.policy", "new.policy", "both.policy", "bare.policy" })
            {
                var verified = await VerifyAsync(trail, policy);
                Assert.True(verified.ExitCode == 0, $"{policy}: {verified}");
                Assert.Contains("log keys changed at size", verified.Output, StringComparison.Ordinal);
            }
        }

        var followed = await CairnProgram.RunAsync("keys", "follow", trails[0], "--trust", _folder["old.policy"]);
        Assert.True(followed.ExitCode == 0, followed.ToString());
        Assert.Equal(Lines(await File.ReadAllTextAsync(_folder["new.policy"])), Lines(followed.Output));

        // A thief of the old keys signs another tree of the same size as the bundle's, and hides the change.
        var forged = Forge(trails[^1], oldKeys);
        Assert.Equal(0, (await VerifyAsync(forged, "old.policy")).ExitCode); // who never heard of it: the stated limit
        var refused = await VerifyAsync(forged, "new.policy");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("key-retired", refused.Output, StringComparison.Ordinal);

        Assert.NotEqual(oldKeys, (await File.ReadAllTextAsync(Data("keys/log.ed25519")), await File.ReadAllTextAsync(Data("keys/log.mldsa44"))));
        Assert.Empty(RecordSchemas.Errors(await Recorded.ReadAsync(Data())));
        Assert.Equal(0, (await RunAsync("fsck")).ExitCode);
    }

    [Fact]
    public async Task Bundle_and_receipts_of_before_stay_good_under_the_policy_that_knows_the_retired_keys()
    {
        await RecordAsync("before");
        var before = (await ExportAllAsync())[0];
        await File.WriteAllBytesAsync(_folder["before.cose"], await BytesAsync("receipt", "0", "--format", "transparent"));
        await File.WriteAllTextAsync(_folder["before.proof"], (await RunAsync("receipt", "0")).Output);
        await File.WriteAllBytesAsync(_folder["statement"], await BytesAsync("receipt", "0", "--format", "statement"));
        await SaveAsync("next.lines", "keys", "rotate");
        await SaveAsync("retired.lines", "keys", "retire");
        await RecordAsync("after");
        await SaveAsync("new.policy", "keys");
        await File.WriteAllBytesAsync(_folder["after.cose"], await BytesAsync("receipt", "0", "--format", "transparent"));

        Assert.Equal(0, (await VerifyAsync(before, "new.policy")).ExitCode);
        foreach (var receipt in new[] { "before.cose", "after.cose" })
        {
            var verified = await CairnProgram.RunAsync("verify-receipt", _folder[receipt], "--trust", _folder["new.policy"]);
            Assert.True(verified.ExitCode == 0, $"{receipt}: {verified}");
        }

        Assert.Equal(0, (await CairnProgram.RunAsync("verify-receipt", _folder["before.proof"], "--statement", _folder["statement"], "--trust", _folder["new.policy"])).ExitCode);

        // With a smaller bound, the same receipt is of a tree that the key does not speak for.
        var earlier = string.Join('\n', Lines(await File.ReadAllTextAsync(_folder["new.policy"])).Select(line => line.StartsWith("retired ", StringComparison.Ordinal) ? line[..line.LastIndexOf(' ')] + " 1" : line)) + "\n";
        await File.WriteAllTextAsync(_folder["earlier.policy"], earlier);
        var refused = await CairnProgram.RunAsync("verify-receipt", _folder["before.cose"], "--trust", _folder["earlier.policy"]);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("was retired and speaks for trees of at most 1 statements", refused.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_that_runs_signs_with_new_keys_and_lists_the_retired_ones()
    {
        await RecordAsync("before");
        var address = $"http://127.0.0.1:{RunningCairn.FreePort()}";
        await using var server = await RunningCairn.StartAsync("serving", "serve", "--data", Data(), "--listen", address);
        await SaveAsync("next.lines", "keys", "rotate");
        await SaveAsync("retired.lines", "keys", "retire");
        await RecordAsync("after");

        var shown = JsonDocument.Parse((await RunAsync("keys", "show", "--output", "json")).Output).RootElement.EnumerateArray().Select(one => one.GetProperty("state").GetString()).ToList();

        Assert.Equal(["in force", "in force", "retired", "retired"], shown);
        using var http = new HttpClient();
        Assert.Equal(2, Occurrences(await http.GetByteArrayAsync(new Uri($"{address}/.well-known/scitt-keys")), "largest-tree"u8));
        Assert.Equal(0, (await RunAsync("fsck")).ExitCode);
    }

    [Fact]
    public async Task Retirement_that_is_killed_at_any_moment_is_gone_on_with()
    {
        await RecordAsync("before");
        await SaveAsync("old.policy", "keys");
        for (var round = 0; round < 3; round++)
        {
            await KillAsync(200 + (150 * round), "keys", "rotate");
            var rotated = await RunAsync("keys", "rotate");
            Assert.True(rotated.ExitCode == 0 || rotated.Messages.Contains("rotated already", StringComparison.Ordinal), rotated.ToString());
            await KillAsync(250 + (200 * round), "keys", "retire");
            var retired = await RunAsync("keys", "retire");
            Assert.True(retired.ExitCode == 0 || retired.Messages.Contains("nothing to retire", StringComparison.Ordinal) || retired.Messages.Contains("being retired", StringComparison.Ordinal), retired.ToString());
            await RecordAsync($"round {round}");
            var sound = await RunAsync("fsck");
            Assert.True(sound.ExitCode == 0, sound.ToString());
        }

        foreach (var trail in await ExportAllAsync(open: true))
        {
            var verified = await CairnProgram.RunAsync("verify", trail, "--trust", _folder["old.policy"], "--output", "json");
            Assert.Equal("passed", JsonDocument.Parse(verified.Output).RootElement.GetProperty("integrity").GetProperty("state").GetString());
        }
    }

    private string Data(string? name = null) => _folder[name is null ? "data" : $"data/{name}"];

    private Task<Outcome> RunAsync(params string[] arguments) => CairnProgram.RunAsync([.. arguments, "--data", Data()]);

    private async Task RecordAsync(string word)
    {
        var done = await CairnProgram.RunAsync("exec", "--data", Data(), "--", "echo", word);
        Assert.True(done.ExitCode == 0, done.ToString());
    }

    private async Task SaveAsync(string file, params string[] arguments)
    {
        var done = await RunAsync(arguments);
        Assert.True(done.ExitCode == 0, done.ToString());
        await File.WriteAllTextAsync(_folder[file], done.Output);
    }

    private async Task<List<string>> ExportAllAsync(bool open = false)
    {
        var listed = JsonDocument.Parse((await RunAsync("trails", "--output", "json")).Output).RootElement;
        var paths = new List<string>();
        foreach (var trace in listed.EnumerateArray().Select(one => one.GetProperty("trace").GetString()!).Reverse())
        {
            var path = _folder[$"{trace}.zip"];
            var done = await RunAsync("export", trace, "-o", path);
            Assert.True(done.ExitCode == 0 || open, done.ToString());
            paths.Add(path);
        }

        return paths;
    }

    private async Task<byte[]> BytesAsync(params string[] arguments)
    {
        using var process = Process.Start(CairnProgram.Start([.. arguments, "--data", Data()]))!;
        process.StandardInput.Close();
        var messages = process.StandardError.ReadToEndAsync();
        using var bytes = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(bytes);
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await messages);
        return bytes.ToArray();
    }

    private async Task KillAsync(int milliseconds, params string[] arguments)
    {
        using var process = Process.Start(CairnProgram.Start([.. arguments, "--data", Data()]))!;
        process.StandardInput.Close();
        await Task.Delay(milliseconds);
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>The bundle without its proof of the change, its checkpoint signed by the old keys instead, manifest and checksums fitting.</summary>
    private string Forge(string bundle, (string Ed25519, string MlDsa44) keys)
    {
        var path = _folder["forged.zip"];
        using CheckpointSigner first = CheckpointSigner.ParsePrivate(keys.Ed25519.Trim()), second = CheckpointSigner.ParsePrivate(keys.MlDsa44.Trim());
        File.WriteAllBytes(path, Refitted.Bundle(bundle, files =>
        {
            files.Remove(BundleFiles.Keys);
            var checkpoint = Checkpoint.Of(SignedNote.Parse(files[BundleFiles.Checkpoint]));
            files[BundleFiles.Checkpoint] = new SignedNote(checkpoint.Body, [first.Sign(checkpoint, DateTimeOffset.UtcNow), second.Sign(checkpoint, DateTimeOffset.UtcNow)]).Encode();
        }));
        return path;
    }

    /// <summary>Both verifiers say the same: the program, and the one in TypeScript under Node.js.</summary>
    private async Task<Outcome> VerifyAsync(string bundle, string policy)
    {
        var verified = await CairnProgram.RunAsync("verify", bundle, "--trust", _folder[policy]);
        var other = await CairnProgram.RunAsync(new ProcessStartInfo("node", [Path.Combine(CairnProgram.Home, "web/verify/dist/cairn-verify.mjs"), bundle, "--trust", _folder[policy], "--output", "json"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        });
        Assert.True(verified.ExitCode == other.ExitCode, $"{policy}: {verified}\n--- and\n{other}");
        return verified;
    }

    private static List<string> Lines(string policy) => [.. policy.Split('\n').Where(line => line.Length > 0 && !line.StartsWith('#'))];

    private static int Occurrences(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> what)
    {
        var count = 0;
        for (int at; (at = bytes.IndexOf(what)) >= 0; bytes = bytes[(at + what.Length)..])
        {
            count++;
        }

        return count;
    }
}
