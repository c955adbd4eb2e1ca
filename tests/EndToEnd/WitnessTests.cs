using System.Diagnostics;
using System.Text.Json;

namespace Cairn.EndToEnd;

/// <summary>Witnesses, monitors and a forked ledger, as processes of their own.</summary>
public sealed class WitnessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<Process> _processes = [];

    public void Dispose()
    {
        foreach (var process in _processes)
        {
            if (!process.HasExited)
            {
                process.Kill();
                process.WaitForExit();
            }

            process.Dispose();
        }

        _folder.Dispose();
    }

    [Fact]
    public async Task A_witness_that_was_killed_gets_the_newest_checkpoint_when_it_is_back()
    {
        await RecordAsync();
        await File.WriteAllTextAsync(_folder["ledger.policy"], (await DoneAsync("keys", "--data", _folder["data"])).Output);
        var lines = "";
        var urls = new string[2];
        for (var i = 0; i < 2; i++)
        {
            await DoneAsync("witness", "init", "--dir", _folder[$"w{i}"], "--name", $"e2e.example/w{i}");
            urls[i] = await ServeAsync(i, "http://127.0.0.1:0");
            lines += (await DoneAsync("witness", "keys", "--dir", _folder[$"w{i}"], "--url", urls[i])).Output;
        }

        await File.WriteAllTextAsync(Path.Combine(_folder["data"], "witness.policy"), lines + "group both all e2e.example/w0 e2e.example/w1\nquorum both\n");

        Assert.Contains("final: quorum both met", (await DoneAsync("ledger", "cosign", "--data", _folder["data"])).Output, StringComparison.Ordinal);
        Assert.Contains("final: quorum both met", (await DoneAsync("receipt", "0", "--final", "--data", _folder["data"])).Messages, StringComparison.Ordinal);

        var killed = _processes[1];
        killed.Kill();
        await killed.WaitForExitAsync(TestContext.Current.CancellationToken);
        await RecordAsync();
        var without = await CairnProgram.RunAsync("ledger", "cosign", "--timeout", "2", "--data", _folder["data"]);
        var last = long.Parse(without.Output.Split(' ')[1].TrimEnd(':')) - 1;
        var receipt = await CairnProgram.RunAsync("receipt", $"{last}", "--final", "--data", _folder["data"]);
        var early = await CairnProgram.RunAsync("receipt", "0", "--final", "--data", _folder["data"]);
        var doctor = await CairnProgram.RunAsync("doctor", "--data", _folder["data"]);

        Assert.Equal(1, without.ExitCode);
        Assert.Contains("NOT FINAL: quorum both is not met, cosigned by 2 of 4", without.Output, StringComparison.Ordinal);
        Assert.Equal(1, receipt.ExitCode);
        Assert.Contains("c2sp.org/tlog-proof@v1", receipt.Output, StringComparison.Ordinal);
        Assert.Equal(0, early.ExitCode);
        Assert.Equal(1, doctor.ExitCode);
        Assert.Contains("NOT FINAL", doctor.Output, StringComparison.Ordinal);

        await ServeAsync(1, urls[1]);
        Assert.Contains("final: quorum both met", (await DoneAsync("ledger", "cosign", "--data", _folder["data"])).Output, StringComparison.Ordinal);
        await File.WriteAllTextAsync(_folder["ledger.policy"], (await DoneAsync("keys", "--data", _folder["data"])).Output);
        var monitor = await DoneAsync("monitor", _folder["data"], "--policy", _folder["ledger.policy"], "--state", _folder["monitor"], "--once", "--output", "json");
        Assert.All(monitor.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.False(JsonDocument.Parse(line).RootElement.GetProperty("alarm").GetBoolean(), line));
    }

    [Fact]
    public async Task A_trail_s_bundle_has_the_word_of_the_witnesses_of_its_time()
    {
        await DoneAsync("witness", "init", "--dir", _folder["w0"], "--name", "e2e.example/w0");
        await RecordAsync();
        await File.WriteAllTextAsync(_folder["ledger.policy"], (await DoneAsync("keys", "--data", _folder["data"])).Output);
        var lines = (await DoneAsync("witness", "keys", "--dir", _folder["w0"], "--url", await ServeAsync(0, "http://127.0.0.1:0"))).Output;
        await File.WriteAllTextAsync(Path.Combine(_folder["data"], "witness.policy"), lines + "quorum e2e.example/w0\n");
        await DoneAsync("ledger", "cosign", "--data", _folder["data"]);
        var trace = (await DoneAsync("trails", "--output", "json", "--data", _folder["data"])).Output;
        trace = JsonDocument.Parse(trace).RootElement[0].GetProperty("trace").GetString()!;
        await RecordAsync();
        await DoneAsync("ledger", "cosign", "--data", _folder["data"]);

        await DoneAsync("export", trace, "-o", _folder["bundle"], "--data", _folder["data"]);
        await File.WriteAllTextAsync(_folder["trust.policy"], (await DoneAsync("keys", "--data", _folder["data"])).Output);
        var report = JsonDocument.Parse((await DoneAsync("verify", _folder["bundle"], "--trust", _folder["trust.policy"], "--output", "json")).Output).RootElement.GetProperty("times");

        var sizes = report.GetProperty("anchors").EnumerateArray()
            .Where(anchor => anchor.GetProperty("claims").EnumerateArray().Any(claim => claim.GetProperty("by").GetString() == "witness")).Select(anchor => anchor.GetProperty("size").GetInt64()).ToList();
        Assert.Equal(2, sizes.Count);
        Assert.True(sizes[0] < sizes[1]);
        Assert.Contains(report.GetProperty("trail").EnumerateArray(), bracket => bracket.GetProperty("by").GetString() == "witness" && bracket.GetProperty("not_after").ValueKind == JsonValueKind.Object);
    }

    [Fact]
    public async Task A_forked_ledger_is_caught_and_the_proof_convinces_a_stranger()
    {
        var proof = _folder["proof.json"];

        var drill = await DoneAsync("drill", "fork", "--out", proof);
        var verified = await DoneAsync("verify-fork", proof, "--trust", _folder["proof.policy"]);
        var text = await File.ReadAllTextAsync(proof);
        await File.WriteAllTextAsync(proof, text.Replace("\"older\": \"", "\"older\": \"x", StringComparison.Ordinal));
        var altered = await CairnProgram.RunAsync("verify-fork", proof, "--trust", _folder["proof.policy"]);
        var keyless = await CairnProgram.RunAsync("verify-fork", proof);

        Assert.Contains("caught: the fork was refused", drill.Output, StringComparison.Ordinal);
        Assert.Contains("FORK PROVEN", verified.Output, StringComparison.Ordinal);
        Assert.Equal(1, altered.ExitCode);
        Assert.Equal(2, keyless.ExitCode);
    }

    [Fact]
    public async Task A_monitor_follows_a_server_with_the_read_token_until_it_is_told_to_end()
    {
        await RecordAsync();
        await File.WriteAllTextAsync(_folder["ledger.policy"], (await DoneAsync("keys", "--data", _folder["data"])).Output);
        var server = Process.Start(CairnProgram.Start("serve", "--data", _folder["data"], "--listen", "http://127.0.0.1:0"))!;
        _processes.Add(server);
        var url = (await server.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) ?? "").Split(" at ")[1].Split(';')[0];
        string[] arguments = ["monitor", url, "--policy", _folder["ledger.policy"], "--state", _folder["monitor"], "--every", "0.2", "--output", "json"];

        var refused = await CairnProgram.RunAsync([.. arguments, "--once"]);
        var start = CairnProgram.Start(arguments);
        start.Environment["CAIRN_READ_TOKEN"] = (await File.ReadAllTextAsync(Path.Combine(_folder["data"], "read.token"))).Trim();
        var monitor = Process.Start(start)!;
        _processes.Add(monitor);
        var first = JsonDocument.Parse((await monitor.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))!).RootElement;
        await RecordAsync();
        JsonElement next;
        do
        {
            next = JsonDocument.Parse((await monitor.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))!).RootElement;
        }
        while (next.GetProperty("code").GetString() == "unchanged");

        using var kill = Process.Start("kill", ["-TERM", $"{monitor.Id}"]);
        await monitor.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("CAIRN_READ_TOKEN", refused.Output, StringComparison.Ordinal);
        Assert.Equal("advanced", first.GetProperty("code").GetString());
        Assert.Equal("advanced", next.GetProperty("code").GetString());
        Assert.True(next.GetProperty("size").GetInt64() > first.GetProperty("size").GetInt64());
        Assert.Equal(0, monitor.ExitCode);
    }

    private static async Task<Outcome> DoneAsync(params string[] arguments)
    {
        var outcome = await CairnProgram.RunAsync(arguments);
        Assert.True(outcome.ExitCode == 0, $"cairn {string.Join(' ', arguments)}: {outcome}");
        return outcome;
    }

    private Task<Outcome> RecordAsync() => DoneAsync("exec", "--data", _folder["data"], "--", "true");

    private async Task<string> ServeAsync(int witness, string url)
    {
        var process = Process.Start(CairnProgram.Start("witness", "serve", "--dir", _folder[$"w{witness}"], "--logs", _folder["ledger.policy"], "--listen", url))!;
        _processes.Insert(Math.Min(witness, _processes.Count), process);
        var line = await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) ?? "";
        const string Start = "cairn: witness at ";
        Assert.True(line.StartsWith(Start, StringComparison.Ordinal), line);
        _ = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        return line[Start.Length..].Split(' ')[0];
    }
}
