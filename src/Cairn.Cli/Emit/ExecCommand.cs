using System.CommandLine;
using Cairn.Cli.Authorize;
using Cairn.Cli.Terminal;
using Cairn.Gateway.Approvals;
using Cairn.Gateway.Commands;

namespace Cairn.Cli.Emit;

/// <summary><c>cairn exec … -- COMMAND…</c>: runs a command, recorded before it starts and with what came of it after.</summary>
internal static class ExecCommand
{
    public static Command Create()
    {
        var shared = new WayInOptions("exec");
        var policy = new PolicyOptions();
        var watch = new Option<string?>("--watch") { Description = "The folder whose files are compared before and after; by default the working directory", HelpName = "DIR" };
        var noWatch = new Option<bool>("--no-watch") { Description = "Compare no files" };
        var pipe = new Option<bool>("--pipe") { Description = "Record output even where it goes to a terminal; the command then sees a pipe" };
        var wrapped = new Argument<string[]>("command") { Description = "The command, after --", Arity = ArgumentArity.OneOrMore };
        var command = new Command("exec", "Run a command, recorded: what was run, what it wrote, which files changed") { watch, noWatch, pipe, wrapped };
        shared.AddTo(command);
        policy.AddTo(command, givesCredentials: false);
        command.SetAction(async (parsed, cancel) =>
        {
            if (parsed.GetValue(noWatch) && parsed.GetValue(watch) is not null)
            {
                throw new CliException("--watch and --no-watch exclude each other", "cairn exec --help");
            }

            var folder = parsed.GetValue(noWatch) ? null : Path.GetFullPath(parsed.GetValue(watch) ?? ".");
            if (folder is not null && !Directory.Exists(folder))
            {
                throw new CliException($"--watch {folder}: there is no such folder", "cairn exec --help");
            }

            var way = shared.Read(parsed);
            try
            {
                return await RunAsync(way, policy.Read(parsed, way.State), parsed.GetRequiredValue(wrapped), folder, parsed.GetValue(pipe), cancel);
            }
            catch (Exception problem) when (problem is not CliException)
            {
                // Not 2, which would be taken for the command's own.
                await Console.Error.WriteLineAsync($"cairn: {Problem.Explain(problem)}");
                return RecordedCommand.CouldNotRecord;
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(WayIn way, PolicyChoice? choice, string[] words, string? watch, bool pipe, CancellationToken cancel)
    {
        await using var host = await way.OpenAsync("gateway", sequence: true, cancel);
        using var desk = ApprovalDesk.Open(way.State);
        await using var policy = await WayPolicy.OpenAsync(choice, watch: false, cancel);
        await using var output = DescriptorStream.StandardOutput;
        await using var errors = DescriptorStream.StandardError;
        var options = new CommandOptions
        {
            Agent = way.Agent,
            Owner = way.Owner,
            Caller = WayIn.Caller(),
            Ledger = host.Ledger,
            Bundles = policy.Notes,
            Command = words[0],
            Arguments = words[1..],
            Watch = watch,
            Unwatched = [way.State],
            Output = pipe || !DescriptorStream.IsTerminal(1) ? output : null,
            ErrorOutput = pipe || !DescriptorStream.IsTerminal(2) ? errors : null,
            PassSignals = true,
        };
        return await RecordedCommand.RunAsync(options, way.Deciding(desk, policy), host.Emitter, host.Keys, Console.Error, cancel);
    }
}
