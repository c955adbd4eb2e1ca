using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Evidence;

namespace Cairn.Cli.Demo;

/// <summary>
/// The demo's two agents, each a process of its own, as agents are in production: <c>cairn demo-agent orchestrator|writer</c>.
/// Hidden from help: it exists for the demo alone.
/// </summary>
internal static class DemoAgentCommand
{
    public static Command Create()
    {
        var role = new Argument<string>("role");
        role.AcceptOnlyFromAmong("orchestrator", "writer");
        var data = new Option<string>("--data") { Required = true };
        var workspace = new Option<string>("--workspace") { Required = true };
        var servers = new Option<string>("--servers") { Required = true };
        var owner = new Option<string>("--owner") { Required = true };
        var command = new Command("demo-agent", "An agent of the demo") { role, data, workspace, servers, owner };
        command.Hidden = true;
        command.SetAction(async (parsed, cancel) =>
        {
            var scene = new DemoScene(
                parsed.GetRequiredValue(data),
                parsed.GetRequiredValue(workspace),
                parsed.GetRequiredValue(servers),
                parsed.GetRequiredValue(owner));
            if (parsed.GetRequiredValue(role) == "orchestrator")
            {
                await OrchestratorAgent.RunAsync(scene, cancel);
            }
            else
            {
                var sent = Environment.GetEnvironmentVariable("TRACEPARENT");
                if (!TraceParent.TryParse(sent, out var parent))
                {
                    throw new CliException($"the demo's writer needs TRACEPARENT from the agent that delegates to it, found \"{sent}\"");
                }

                await WriterAgent.RunAsync(scene, parent, cancel);
            }

            return ExitCode.Done;
        });
        return command;
    }
}
