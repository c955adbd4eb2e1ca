using System.CommandLine;
using Cairn.Cli.Investigate;
using Cairn.Cli.Operate;
using Cairn.Cli.Policies;
using Cairn.Cli.Terminal;
using Cairn.Evidence;

namespace Cairn.Cli.Demo;

/// <summary><c>cairn demo</c>: a person's request, two real agents, real MCP servers, decisions, an approval and a revocation, one trail, its bundle, and a verifier that is not fooled.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var output = new Option<string?>("--out", "-o") { Description = "Folder for the workspace, bundle and trust policy", HelpName = "DIR" };
        var plain = new Option<bool>("--no-color") { Description = "Plain text" };
        var command = new Command("demo", "Two agents, real MCP servers, one trail: recorded, exported, verified, tampered with") { data, output, plain };
        command.SetAction((parsed, cancel) => RunAsync(
            parsed.GetValue(data),
            Path.GetFullPath(parsed.GetValue(output) ?? Path.Combine(Path.GetTempPath(), $"cairn-demo-{Environment.ProcessId}")),
            parsed.GetValue(plain),
            cancel));
        return command;
    }

    private static async Task<int> RunAsync(string? givenData, string output, bool plain, CancellationToken cancel)
    {
        var samples = Samples();
        Directory.CreateDirectory(output);
        var data = Path.GetFullPath(givenData ?? Path.Combine(output, "data"));
        var terminal = Screen.Create(plain);
        var scene = new DemoScene(data, DemoFiles.Create(Path.Combine(output, "workspace")), samples, $"{Environment.UserName}@{Environment.MachineName}");

        terminal.Chapter(1, "A person asks, two agents work, each behind `cairn mcp` with a policy");
        var trace = TraceId.New();
        await DemoPeople.PlayAsync(scene, new TraceParent(trace, SpanId.New()), cancel);

        terminal.Chapter(2, $"The trail: cairn show {trace.ToString()[..8]}");
        await ShowCommand.RunAsync(data, trace.ToString(), json: false, terminal, cancel);

        var bundle = Path.Combine(output, "trail.cairn.zip");
        var policy = Path.Combine(output, "trust.policy");
        terminal.Chapter(3, "Export the evidence, and verify it with nothing but the trust policy");
        await File.WriteAllTextAsync(policy, KeysCommand.Policy(data), cancel);
        using var decisions = new DecisionMaterial(data, [scene.Policy]);
        await ExportCommand.RunAsync(data, trace.ToString(), bundle, content: false, cancel, decisions: decisions);
        terminal.Say($"$ cairn verify {Path.GetFileName(bundle)} --trust {Path.GetFileName(policy)}");
        var good = await VerifyCommand.RunAsync(bundle, policy, json: false, allowUnpinned: false, terminal, cancel);

        terminal.Chapter(4, "Alter one byte of a copy, and verify again");
        var forged = Path.Combine(output, "altered.cairn.zip");
        terminal.Say(Tampering.AlterOneByte(bundle, forged));
        var bad = await VerifyCommand.RunAsync(forged, policy, json: false, allowUnpinned: false, terminal, cancel);

        terminal.Say("");
        terminal.Say($"Everything is in {output}");
        terminal.Say($"Look around: ./cairn trails --data {data}");
        if (good != ExitCode.Done || bad != ExitCode.CheckFailed)
        {
            throw new CliException($"the demo did not go as told: the bundle verified with exit code {good} (expected 0), the altered copy with {bad} (expected 1)");
        }

        return ExitCode.Done;
    }

    private static string Samples()
    {
        var home = Environment.GetEnvironmentVariable("CAIRN_HOME");
        var samples = Path.Combine(home ?? Directory.GetCurrentDirectory(), "samples/demo");
        return Directory.Exists(Path.Combine(samples, "node_modules/@modelcontextprotocol/server-filesystem"))
            ? samples
            : throw new CliException($"the demo's MCP servers are not installed (looked in {samples})", "./cairn demo, which installs them");
    }
}
