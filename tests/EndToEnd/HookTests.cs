using System.Diagnostics;
using System.Text.Json;
using Cairn.Evidence.Records;

namespace Cairn.EndToEnd;

public class HookTests
{
    private const string Marker = "marmalade-7f3a-tangerine";

    private static async Task<Outcome> CallAsync(TemporaryFolder folder, string phase, string input, params string[] options)
    {
        var start = CairnProgram.Start(["hook", phase, "--data", folder["data"], .. options]);
        using var process = Process.Start(start)!;
        var (output, messages) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token);
        return new Outcome(process.ExitCode, await output, await messages);
    }

    private static string Event(string name, object? tool = null) => JsonSerializer.Serialize(tool is null
        ? new Dictionary<string, object> { ["session_id"] = "s-1", ["cwd"] = "/tmp", ["permission_mode"] = "default", ["hook_event_name"] = name, ["prompt"] = Marker }
        : new Dictionary<string, object>
        {
            ["session_id"] = "s-1",
            ["cwd"] = "/tmp",
            ["permission_mode"] = "default",
            ["hook_event_name"] = name,
            ["tool_name"] = "Bash",
            ["tool_input"] = tool,
            ["tool_use_id"] = "toolu_1",
            ["tool_response"] = new { stdout = Marker },
        });

    [Fact]
    public async Task A_session_of_several_processes_is_one_trail_that_verifies_and_holds_no_content()
    {
        using var folder = new TemporaryFolder();
        var tool = new { command = $"echo {Marker}" };

        foreach (var (phase, input) in new[]
        {
            ("pre", Event("SessionStart")), ("pre", Event("UserPromptSubmit")), ("pre", Event("PreToolUse", tool)),
            ("post", Event("PostToolUse", tool)), ("post", Event("Stop")), ("post", Event("SessionEnd")),
        })
        {
            var outcome = await CallAsync(folder, phase, input);
            Assert.True(outcome is { ExitCode: 0, Output: "", Messages: "" }, outcome.ToString());
        }

        Assert.Empty(TemporaryFolder.FilesHolding(folder["data"], Marker));
        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Empty(RecordSchemas.Errors(records));
        var trace = Assert.Single(records.Select(record => record.Trace).Distinct());
        Assert.Equal("ok", records.Single(record => record.Kind == RecordKinds.ActionCompleted).Body.GetProperty("status").GetString());
        var export = await CairnProgram.RunAsync("export", trace.ToString(), "--data", folder["data"], "-o", folder["trail.zip"]);
        Assert.True(export.ExitCode == 0, export.ToString());
        await File.WriteAllTextAsync(folder["trust.policy"], (await CairnProgram.RunAsync("keys", "--data", folder["data"])).Output);
        var verify = await CairnProgram.RunAsync("verify", folder["trail.zip"], "--trust", folder["trust.policy"]);
        Assert.True(verify.ExitCode == 0, verify.ToString());
        Assert.Contains("completeness: PASSED", verify.Output);
    }

    [Fact]
    public async Task What_can_not_be_recorded_is_not_done()
    {
        using var folder = new TemporaryFolder();

        var garbage = await CallAsync(folder, "pre", "{\"x");
        Assert.False(Directory.Exists(folder["data"]));
        Directory.CreateDirectory(folder["data"]);
        await File.WriteAllTextAsync(folder["data/other"], "not a ledger");
        var before = await CallAsync(folder, "pre", Event("PreToolUse", new { command = "ls" }));
        var after = await CallAsync(folder, "post", Event("PostToolUse", new { command = "ls" }));

        Assert.Equal((2, ""), (garbage.ExitCode, garbage.Output));
        Assert.Contains("expected one JSON object", garbage.Messages);
        Assert.Equal((2, ""), (before.ExitCode, before.Output));
        Assert.Contains("not a Cairn data directory", before.Messages);
        Assert.Equal(1, after.ExitCode);
    }

    [Fact]
    public async Task Installed_hooks_are_commands_that_a_shell_runs()
    {
        using var folder = new TemporaryFolder();
        var project = Directory.CreateDirectory(folder["my project"]).FullName;

        var install = await CairnProgram.RunAsync("hook", "install", "--for", "claude-code", "--project", project, "--data", folder["the data"], "--owner", "Ada's team");
        Assert.True(install.ExitCode == 0, install.ToString());
        using var settings = JsonDocument.Parse(await File.ReadAllTextAsync(folder["my project/.claude/settings.json"]));
        var command = settings.RootElement.GetProperty("hooks").GetProperty("PreToolUse")[0].GetProperty("hooks")[0].GetProperty("command").GetString()!;
        var start = new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Remove("TRACEPARENT");
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(Event("PreToolUse", new { command = "ls" }));
        process.StandardInput.Close();
        await process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(120)).Token);
        Assert.Equal(0, process.ExitCode);
        var records = await Recorded.ReadAsync(folder["the data"]);
        Assert.Equal("Ada's team", records[0].Actor.Owner);

        var uninstall = await CairnProgram.RunAsync("hook", "uninstall", "--project", project);
        Assert.Contains("8 taken out", uninstall.Output);
    }
}
