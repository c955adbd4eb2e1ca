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
        var variable = new Option<string?>("--credential-env") { Description = "The environment variable in which the command gets the credential that its policy grants", HelpName = "NAME" };
        var wrapped = new Argument<string[]>("command") { Description = "The command, after --", Arity = ArgumentArity.OneOrMore };
        var command = new Command("exec", "Run a command, recorded: what was run, what it wrote, which files changed") { watch, noWatch, pipe, variable, wrapped };
        shared.AddTo(command);
        policy.AddTo(command, givesCredentials: true);
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

            if (parsed.GetValue(variable) is { } name && !IsVariable(name))
            {
                throw new CliException($"--credential-env takes the name of an environment variable that the command may get, found \"{name}\"", "cairn exec --credential-env API_TOKEN …");
            }

            var way = shared.Read(parsed);
            try
            {
                var run = new Run(parsed.GetRequiredValue(wrapped), folder, parsed.GetValue(pipe), parsed.GetValue(variable));
                return await RunAsync(way, policy.Read(parsed, way.State), run, cancel);
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

    private static async Task<int> RunAsync(WayIn way, PolicyChoice? choice, Run run, CancellationToken cancel)
    {
        await using var host = await way.OpenAsync("gateway", sequence: true, cancel);
        using var desk = ApprovalDesk.Open(way.State);
        await using var policy = await WayPolicy.OpenAsync(choice, watch: false, cancel);
        await using var broker = choice is null || run.Variable is null ? null : IRunBroker.Of(choice.Broker, way, host);
        await using var output = DescriptorStream.StandardOutput;
        await using var errors = DescriptorStream.StandardError;
        var subject = Environment.GetEnvironmentVariable(McpCommand.SubjectToken);
        var options = new CommandOptions
        {
            Agent = way.Agent,
            Owner = way.Owner,
            Caller = WayIn.Caller(),
            Ledger = host.Ledger,
            Bundles = policy.Notes,
            SubjectToken = run.Variable is null || string.IsNullOrEmpty(subject) ? null : subject,
            Command = run.Words[0],
            Arguments = run.Words[1..],

            // Whoever gets a narrow credential does not get the wide one that it was made from.
            Environment = run.Variable is null ? new Dictionary<string, string?>() : new Dictionary<string, string?> { [McpCommand.SubjectToken] = null },
            CredentialVariable = run.Variable,
            Ending = broker is null ? null : broker.DisposeAsync,
            Watch = run.Watch,
            Unwatched = [way.State],
            Output = run.Pipe || !DescriptorStream.IsTerminal(1) ? output : null,
            ErrorOutput = run.Pipe || !DescriptorStream.IsTerminal(2) ? errors : null,
            PassSignals = true,
        };
        return await RecordedCommand.RunAsync(options, way.Deciding(desk, policy) with { Credentials = broker }, host.Emitter, host.Keys, Console.Error, cancel);
    }

    /// <summary>A variable's name as POSIX has it (XBD §8.1), and none that Cairn sets or reads itself.</summary>
    private static bool IsVariable(string name) =>
        name.Length is > 0 and <= 128 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')
        && name is not ("PATH" or "TRACEPARENT") && !name.StartsWith("CAIRN_", StringComparison.Ordinal) && !name.StartsWith("LD_", StringComparison.Ordinal);

    /// <param name="Words">The command and its arguments.</param>
    /// <param name="Watch">The folder that is compared before and after; null: none.</param>
    /// <param name="Pipe">Whether output is recorded where it goes to a terminal.</param>
    /// <param name="Variable">The environment variable for the credential; null: the command takes none.</param>
    private sealed record Run(string[] Words, string? Watch, bool Pipe, string? Variable);
}
