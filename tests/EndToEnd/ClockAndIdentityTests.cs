using System.Diagnostics;
using System.Text.Json;

namespace Cairn.EndToEnd;

/// <summary>Clocks that are wrong and identities that end while a command runs, with real processes: what is done, and what the evidence says.</summary>
public sealed class ClockAndIdentityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Emitter_whose_clock_is_behind_is_refused_by_the_ledger_and_does_nothing()
    {
        var (server, address) = await ServeAsync();
        await using (server)
        {
            var ran = await ExecAtAsync("-3h", address);

            Assert.Equal(125, ran.ExitCode);
            Assert.Contains("the command was not run: the ledger refused the record's statement for good (unknown-emitter", ran.Messages, StringComparison.Ordinal);
            Assert.False(File.Exists(_folder["done"]));
        }
    }

    [Fact]
    public async Task Emitter_whose_clock_is_ahead_is_found_out_by_whoever_verifies()
    {
        var (server, address) = await ServeAsync();
        await using (server)
        {
            var ran = await ExecAtAsync("+3h", address);
            Assert.True(ran.ExitCode == 0, ran.ToString());
        }

        var report = await VerifyNewestCommandAsync();

        Assert.Equal(("failed", "passed"), (State(report, "integrity"), State(report, "completeness")));
        Assert.Equal(["certificate-expired"], Codes(report.GetProperty("integrity").GetProperty("failures")));
        Assert.Equal(["time-after-checkpoint"], Codes(report.GetProperty("warnings")));
    }

    [Fact]
    public async Task Identity_that_ends_while_a_command_runs_gives_way_to_the_next_one()
    {
        await using (await IdentitiesAsync())
        {
            var ran = await CairnProgram.RunAsync(SleepWithIdentity());
            Assert.True(ran.ExitCode == 0, ran.ToString());
        }

        var report = await VerifyNewestCommandAsync();

        Assert.Equal(("passed", "passed"), (State(report, "integrity"), State(report, "completeness")));
    }

    [Fact]
    public async Task Identity_that_ends_while_a_command_runs_and_has_no_next_one_leaves_an_open_action()
    {
        using var command = new Process { StartInfo = SleepWithIdentity() };
        await using (await IdentitiesAsync())
        {
            command.Start();
            await UntilAsync(async () => (await Recorded.ReadAsync(_folder["data"])).Any(record => record.Kind == "action.requested" && record.Body.GetRawText().Contains("sleep", StringComparison.Ordinal)));
        }

        var messages = await command.StandardError.ReadToEndAsync();
        await command.WaitForExitAsync();
        Assert.Contains("EVIDENCE LOST: 2 records could not be signed before the end; no SVID could be had in time", messages, StringComparison.Ordinal);

        var report = await VerifyNewestCommandAsync();

        Assert.Equal("passed", State(report, "integrity"));
        Assert.Equal(["action-open", "emitter-open"], Codes(report.GetProperty("completeness").GetProperty("failures")));
    }

    private static string State(JsonElement report, string verdict) => report.GetProperty(verdict).GetProperty("state").GetString()!;

    private static IEnumerable<string> Codes(JsonElement failures) =>
        failures.EnumerateArray().Select(failure => failure.GetProperty("code").GetString()!).Distinct().Order(StringComparer.Ordinal);

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var patience = Stopwatch.StartNew(); !await holds(); await Task.Delay(200))
        {
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(30), "the command was not recorded");
        }
    }

    private async Task<(RunningCairn Server, string Address)> ServeAsync()
    {
        var address = $"http://127.0.0.1:{RunningCairn.FreePort()}";
        return (await RunningCairn.StartAsync(address, "serve", "--listen", address, "--data", _folder["data"]), address);
    }

    /// <summary>Runs a command that leaves a file, with a clock that is so far off.</summary>
    private async Task<Outcome> ExecAtAsync(string off, string address)
    {
        var start = CairnProgram.Start("exec", "--server", address, "--", "touch", _folder["done"]);
        var cairn = start.FileName;
        start.FileName = "faketime";
        foreach (var (word, at) in new[] { "-f", off, cairn }.Select((word, at) => (word, at)))
        {
            start.ArgumentList.Insert(at, word);
        }

        start.Environment["CAIRN_ENROL_TOKEN"] = (await File.ReadAllTextAsync(_folder["data/enrol.token"])).Trim();
        start.Environment["XDG_STATE_HOME"] = _folder["state"];
        return await CairnProgram.RunAsync(start);
    }

    /// <summary>A Workload API whose SVIDs last three seconds.</summary>
    private async Task<RunningCairn> IdentitiesAsync()
    {
        var made = await CairnProgram.RunAsync("exec", "--data", _folder["data"], "--", "true");
        Assert.True(made.ExitCode == 0, made.ToString());
        var uid = File.ReadLines("/proc/self/status").First(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[1];
        var entered = await CairnProgram.RunAsync(
            "identity", "entry", "add", "spiffe://cairn.local/gateway/billing", "--selector", $"unix:uid:{uid}", "--owner", "team-billing", "--ttl", "3s", "--data", _folder["data"]);
        Assert.True(entered.ExitCode == 0, entered.ToString());
        return await RunningCairn.StartAsync("serving identities", "identity", "serve", "--data", _folder["data"], "--socket", _folder["w.sock"]);
    }

    private ProcessStartInfo SleepWithIdentity()
    {
        var start = CairnProgram.Start("exec", "--data", _folder["data"], "--", "sleep", "6");
        start.Environment["SPIFFE_ENDPOINT_SOCKET"] = $"unix://{_folder["w.sock"]}";
        return start;
    }

    /// <summary>The report on the newest trail that a command began.</summary>
    private async Task<JsonElement> VerifyNewestCommandAsync()
    {
        var records = await Recorded.ReadAsync(_folder["data"]);
        var newest = records.Last(record => record.Kind == "action.requested").Trace;
        var exported = await CairnProgram.RunAsync("export", $"{newest}", "-o", _folder["trail.zip"], "--no-pages", "--data", _folder["data"]);
        Assert.True(exported.ExitCode == 0, exported.ToString());
        File.WriteAllText(_folder["trust.policy"], (await CairnProgram.RunAsync("keys", "--data", _folder["data"])).Output);
        return JsonElement.Parse((await CairnProgram.RunAsync("verify", _folder["trail.zip"], "--trust", _folder["trust.policy"], "--output", "json")).Output);
    }
}
