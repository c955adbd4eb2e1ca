using System.CommandLine;
using Cairn.Cli.Emit;
using Cairn.Cli.Terminal;
using Cairn.Evidence;

namespace Cairn.Cli.Demo;

/// <summary>
/// The demo's two agents, each a process of its own, as agents are in production: <c>cairn demo-agent orchestrator|payer</c>.
/// Hidden from help: it exists for the demo alone.
/// </summary>
internal static class DemoAgentCommand
{
    public static Command Create()
    {
        var role = new Argument<string>("role");
        role.AcceptOnlyFromAmong("orchestrator", "payer");
        var data = new Option<string>("--data") { Required = true };
        var workspace = new Option<string>("--workspace") { Required = true };
        var samples = new Option<string>("--samples") { Required = true };
        var owner = new Option<string>("--owner") { Required = true };
        var command = new Command("demo-agent", "An agent of the demo") { role, data, workspace, samples, owner };
        command.Hidden = true;
        command.SetAction(async (parsed, cancel) =>
        {
            var scene = new DemoScene(
                parsed.GetRequiredValue(data),
                parsed.GetRequiredValue(workspace),
                parsed.GetRequiredValue(samples),
                parsed.GetRequiredValue(owner));
            var sent = Environment.GetEnvironmentVariable("TRACEPARENT");
            if (!TraceParent.TryParse(sent, out var position))
            {
                throw new CliException($"the demo's agents need TRACEPARENT from whoever starts them, found \"{sent}\"");
            }

            if (parsed.GetRequiredValue(role) == "orchestrator")
            {
                // Its own from here on: the servers that it starts act on nobody's behalf.
                var grant = Environment.GetEnvironmentVariable(McpCommand.SubjectToken) ?? "";
                Environment.SetEnvironmentVariable(McpCommand.SubjectToken, null);
                await OrchestratorAgent.RunAsync(scene, position, grant, cancel);
            }
            else
            {
                await PayerAgent.RunAsync(scene, position, cancel);
            }

            return ExitCode.Done;
        });
        return command;
    }
}
