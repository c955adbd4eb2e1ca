using System.Text.Json;
using ModelContextProtocol.Client;

namespace Cairn.EndToEnd;

/// <summary>Agents that run again against the world that was recorded of their first run, by two clients that share no code.</summary>
public class ReplayTests
{
    private static readonly (string Tool, Dictionary<string, object?> Arguments)[] Calls =
    [
        ("echo", new() { ["message"] = "one" }),
        ("get-sum", new() { ["a"] = 1, ["b"] = 2 }),
        ("echo", new() { ["message"] = "three" }),
        ("echo", new() { ["message"] = "one" }),
        ("no-such-tool", new() { ["x"] = true }),
    ];

    [Fact]
    public async Task Same_run_against_the_recorded_world_has_the_same_transcript_and_no_divergence()
    {
        using var folder = new TemporaryFolder();
        var (trace, first) = await RecordAsync(folder, "full");

        var (second, report) = await AgainAsync(folder, ["replay", trace, "--data", folder["data"]], Calls);

        Assert.Equal(first, second);
        Assert.False(report.GetProperty("diverged").GetBoolean());
        Assert.Equal(5, report.GetProperty("answered_as_recorded").GetInt32());
        Assert.Empty(report.GetProperty("limits").EnumerateArray());

        // The same from a bundle that discloses the content, without a ledger; and the states of both are the same bytes.
        Assert.Equal(0, (await CairnProgram.RunAsync("export", trace, "--data", folder["data"], "-o", folder["trail.zip"], "--content")).ExitCode);
        Assert.Equal(first, (await AgainAsync(folder, ["replay", "--bundle", folder["trail.zip"]], Calls)).Transcript);
        var ledger = await CairnProgram.RunAsync("replay", trace, "--data", folder["data"], "--all", "--format", "json");
        var bundle = await CairnProgram.RunAsync("replay", "--bundle", folder["trail.zip"], "--all", "--format", "json");
        Assert.True(ledger.ExitCode == 0 && ledger.Output.Length > 1000, ledger.ToString());
        Assert.Equal(ledger.Output, bundle.Output);
        Assert.Empty(RecordSchemas.Errors(await Recorded.ReadAsync(folder["data"])));
    }

    [Fact]
    public async Task Changed_third_call_is_named_with_what_changed_and_the_rest_goes_on()
    {
        using var folder = new TemporaryFolder();
        var (trace, _) = await RecordAsync(folder, "full");
        var changed = Calls.ToArray();
        changed[2] = ("echo", new() { ["message"] = "THREE" });

        var (transcript, report) = await AgainAsync(folder, ["replay", trace, "--data", folder["data"]], changed);

        var divergence = Assert.Single(report.GetProperty("divergences").EnumerateArray());
        Assert.Equal((3, 3, "arguments"), (divergence.GetProperty("call").GetInt32(), divergence.GetProperty("step").GetInt32(), divergence.GetProperty("kind").GetString()));
        Assert.Equal("/message", divergence.GetProperty("differences")[0].GetProperty("pointer").GetString());
        Assert.Contains("never recorded", transcript[3]);
        Assert.Contains("Echo: one", transcript[4]);
    }

    [Fact]
    public async Task Metadata_capture_is_checked_by_commitment_and_says_what_it_cannot_answer()
    {
        using var folder = new TemporaryFolder();
        var (trace, _) = await RecordAsync(folder, "metadata");

        var (transcript, report) = await AgainAsync(folder, ["replay", trace, "--data", folder["data"]], Calls);

        Assert.False(report.GetProperty("diverged").GetBoolean());
        Assert.Equal(0, report.GetProperty("answered_as_recorded").GetInt32());
        Assert.Contains("the output was not kept", transcript[1]);
        Assert.Contains(report.GetProperty("limits").EnumerateArray(), limit => limit.GetProperty("what").GetString()!.Contains("definitions were not kept"));
    }

    [Fact]
    public async Task Client_of_the_npm_sdk_runs_again_without_divergence()
    {
        using var folder = new TemporaryFolder();
        var first = await NodeAsync(["mcp", "--data", folder["data"], "--capture", "full", "--", .. WrappedServer.Everything]);
        Assert.True(first.ExitCode == 0, first.ToString());
        var trace = (await Recorded.ReadAsync(folder["data"]))[0].Trace.ToString();

        var second = await NodeAsync(["replay", trace, "--data", folder["data"], "--as-mcp", "--report", folder["report.json"]]);

        Assert.True(second.ExitCode == 0, second.ToString());
        Assert.Equal(first.Output, second.Output);
        Assert.False(JsonDocument.Parse(await File.ReadAllTextAsync(folder["report.json"], TestContext.Current.CancellationToken)).RootElement.GetProperty("diverged").GetBoolean());
    }

    private static async Task<Outcome> NodeAsync(string[] command)
    {
        var start = CairnProgram.Start();
        start.FileName = "node";
        start.ArgumentList.Add(Path.Combine(CairnProgram.Home, "tests/npm/replay-client.mjs"));
        foreach (var word in command.Prepend(CairnProgram.Path))
        {
            start.ArgumentList.Add(word);
        }

        return await CairnProgram.RunAsync(start);
    }

    private static async Task<(string Trace, List<string> Transcript)> RecordAsync(TemporaryFolder folder, string capture)
    {
        List<string> transcript;
        await using (var server = await WrappedServer.EverythingAsync(folder["data"], "--capture", capture))
        {
            transcript = await TalkAsync(server.Client, Calls);
            Assert.Equal(0, await server.CloseAsync());
        }

        return ((await Recorded.ReadAsync(folder["data"]))[0].Trace.ToString(), transcript);
    }

    private static async Task<(List<string> Transcript, JsonElement Report)> AgainAsync(TemporaryFolder folder, string[] command, (string Tool, Dictionary<string, object?> Arguments)[] calls)
    {
        File.Delete(folder["report.json"]);
        var messages = new List<string>();
        List<string> transcript;
        await using (var client = await McpClient.CreateAsync(
            new StdioClientTransport(new StdioClientTransportOptions
            {
                Command = CairnProgram.Path,
                Arguments = [.. command, "--as-mcp", "--report", folder["report.json"]],
                StandardErrorLines = messages.Add,
                ShutdownTimeout = TimeSpan.FromSeconds(30),
            }),
            cancellationToken: TestContext.Current.CancellationToken))
        {
            transcript = await TalkAsync(client, calls);
        }

        Assert.True(File.Exists(folder["report.json"]), string.Join('\n', messages));
        return (transcript, JsonElement.Parse(await File.ReadAllTextAsync(folder["report.json"], TestContext.Current.CancellationToken)));
    }

    private static async Task<List<string>> TalkAsync(McpClient client, (string Tool, Dictionary<string, object?> Arguments)[] calls)
    {
        var tools = await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken);
        var transcript = new List<string> { string.Join('\n', tools.Select(tool => $"{tool.Name} {tool.Description} {tool.JsonSchema}")) };
        foreach (var (tool, arguments) in calls)
        {
            var result = await client.CallToolAsync(tool, arguments, cancellationToken: TestContext.Current.CancellationToken);
            transcript.Add($"{result.IsError} {Recorded.TextOf(result)}");
        }

        return transcript;
    }
}
