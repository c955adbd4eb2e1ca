using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Changes;
using Cairn.Gateway.Processes;
using Cairn.Gateway.Tasks;
using Cairn.Sdk;

namespace Cairn.Gateway.Commands;

/// <summary>
/// Runs one command as an action of type <c>process.exec</c>: decided and recorded before it starts, and with what came of
/// it after. docs/exec.md says what is captured and what is not.
/// </summary>
public static class RecordedCommand
{
    /// <summary>Exit code when there is no durable evidence, so that nothing was run.</summary>
    public const int CouldNotRecord = 125;

    /// <summary>Exit code when the command was denied, or is no program.</summary>
    public const int Denied = 126;

    /// <summary>Exit code when there is no such command.</summary>
    public const int NotFound = 127;

    /// <summary>Exit code when a signal or the caller ended the run before the command was started.</summary>
    public const int Interrupted = 130;

    /// <summary>Runs the command to its end.</summary>
    /// <param name="options">What to run.</param>
    /// <param name="deciding">What decides, and how much is kept.</param>
    /// <param name="emitter">Delivers the records. Not disposed.</param>
    /// <param name="keys">Keys of the trails.</param>
    /// <param name="log">Messages for people; never content.</param>
    /// <param name="ct">The caller gave up before the command was started.</param>
    /// <returns>The command's exit code (128 plus the number of the signal that ended it), or one of this class's.</returns>
    public static async Task<int> RunAsync(
        CommandOptions options, ActionPipelineOptions deciding, Emitter emitter, ITrailKeys keys, TextWriter log, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(deciding);
        ArgumentNullException.ThrowIfNull(emitter);
        ArgumentNullException.ThrowIfNull(log);
        using var signals = new SignalRelay(options.PassSignals, ct);
        var outlet = new EvidenceOutlet(emitter, deciding.Time, log);
        var pipeline = new ActionPipeline(deciding, outlet, keys);
        var part = TaskPart.Open(options, outlet, keys, "exec");
        ProgramFile? program = null;
        string? notAProgram = null;
        try
        {
            program = ProgramFile.Find(options.Command, options.WorkingDirectory, SearchPath(options));
        }
        catch (UnauthorizedAccessException e)
        {
            notAProgram = e.Message;
        }

        var before = Task.Run(() => SnapshotOf(options, readAhead: true), CancellationToken.None);
        ActionPermit permit;
        try
        {
            permit = await pipeline.BeginAsync(Propose(options, part, program), new Spoken(log), signals.Told).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await CloseAsync(options).ConfigureAwait(false);
            await part.EndAsync("cancelled", "ended before the command was started", log, deciding.Time).ConfigureAwait(false);
            return Interrupted;
        }

        if (permit.Refusal is { } refusal)
        {
            await log.WriteLineAsync($"cairn: the command was not run: {refusal.Message}").ConfigureAwait(false);
            await CloseAsync(options).ConfigureAwait(false);
            await part.EndAsync("failed", $"the command was not run: {refusal.Code}", log, deciding.Time).ConfigureAwait(false);
            return refusal.Code == "evidence_unavailable" ? CouldNotRecord : Denied;
        }

        var earlier = await before.ConfigureAwait(false);
        if (program is null)
        {
            var why = notAProgram ?? $"there is no command \"{options.Command}\"";
            return await NotStartedAsync(options, pipeline, permit, part, notAProgram is null ? "not_found" : "not_executable", why, notAProgram is null ? NotFound : Denied, log, deciding.Time).ConfigureAwait(false);
        }

        CommandProcess process;
        try
        {
            process = CommandProcess.Start(
                program.Path, options.Arguments, options.WorkingDirectory, EnvironmentFor(options, permit), permit.Context.ToString(),
                options.Output is not null, options.ErrorOutput is not null);
        }
        catch (ServerStartException e)
        {
            return await NotStartedAsync(options, pipeline, permit, part, "could_not_start", e.Message, Denied, log, deciding.Time).ConfigureAwait(false);
        }

        using (process)
        {
            signals.Attach(process.Id);
            var completed = outlet.NewId();
            var output = Pass(options.Output, () => process.Output, "output");
            var errorOutput = Pass(options.ErrorOutput, () => process.ErrorOutput, "error_output");
            await process.WaitAsync().ConfigureAwait(false);
            signals.Detach();
            foreach (var passage in new[] { output, errorOutput }.OfType<OutputPassage>())
            {
                await passage.EndAsync(options.DrainGrace).ConfigureAwait(false);
            }

            var changes = earlier is null ? null : FolderChanges.Between(earlier, SnapshotOf(options, readAhead: false)!, options.Limits);
            var outcome = CommandOutcome.Of(process.ExitCode, signals.WasTold, output, errorOutput, changes);
            await permit.CompleteAsync(outcome with { CompletedAs = completed }).ConfigureAwait(false);
            await pipeline.RevokeOwnCredentialAsync(permit).ConfigureAwait(false);
            await CloseAsync(options).ConfigureAwait(false);
            await part.EndAsync(outcome.Status == ActionStatus.Cancelled ? "cancelled" : outcome.Status == ActionStatus.Ok ? "done" : "failed", outcome.ErrorMessage, log, deciding.Time).ConfigureAwait(false);
            return process.ExitCode;

            OutputPassage? Pass(Stream? to, Func<Stream> from, string member) => to is null ? null : OutputPassage.Start(
                from(), to, new StreamedContent(permit.Way.Capture, keys, part.Trace, completed, member)
                {
                    Secret = permit.Credential is { } credential ? Encoding.UTF8.GetBytes(credential.Token) : default,
                },
                $"cairn {member}");
        }
    }

    private static async Task<int> NotStartedAsync(
        CommandOptions options, ActionPipeline pipeline, ActionPermit permit, TaskPart part, string code, string why, int exitCode, TextWriter log, TimeProvider time)
    {
        await log.WriteLineAsync($"cairn: {why}").ConfigureAwait(false);
        await permit.CompleteAsync(new ActionResult(ActionStatus.ToolError) { ErrorCode = code, ErrorMessage = "the command could not be started" }).ConfigureAwait(false);
        await pipeline.RevokeOwnCredentialAsync(permit).ConfigureAwait(false);
        await CloseAsync(options).ConfigureAwait(false);
        await part.EndAsync("failed", "the command could not be started", log, time).ConfigureAwait(false);
        return exitCode;
    }

    private static ValueTask CloseAsync(CommandOptions options) => options.Ending?.Invoke() ?? ValueTask.CompletedTask;

    /// <summary>The token is in the environment of the command and nowhere else: not among its arguments, which every user of the machine can read.</summary>
    private static IReadOnlyDictionary<string, string?> EnvironmentFor(CommandOptions options, ActionPermit permit) =>
        permit.Credential is { } credential
            ? new Dictionary<string, string?>(options.Environment, StringComparer.Ordinal) { [options.CredentialVariable!] = credential.Token }
            : options.Environment;

    private static ProposedAction Propose(CommandOptions options, TaskPart part, ProgramFile? program)
    {
        var name = ResourceNames.Bounded(Path.GetFileName(program?.Path ?? options.Command), 256);
        var attributes = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["process.executable.name"] = name,
            ["process.working_directory"] = ResourceNames.Bounded(Redactor.RedactText(options.WorkingDirectory), 1024),
            ["cairn.exec.environment"] = EnvironmentNames.Of(Environment.GetEnvironmentVariables()),
        };
        if (options.CredentialVariable is { } variable)
        {
            attributes["cairn.exec.credential_variable"] = ResourceNames.Bounded(variable, 128);
        }

        return new ProposedAction
        {
            Caller = part.Identity,
            Trace = part.Trace,
            Parent = part.Span,
            Task = part.Span,
            Type = "process.exec",
            Name = name,
            Resource = program is null ? $"file:///{Uri.EscapeDataString(name)}" : FileResource.Of(program.Path),
            Server = Environment.MachineName,
            ToolDigest = program?.Digest,
            Input = InputOf(options),
            TakesCredential = options.CredentialVariable is not null,
            CredentialAdvice = "name the environment variable that the command takes it from with --credential-env",
            TakesBearerOnly = true,
            Attributes = attributes,
        };
    }

    /// <summary>What is committed to, and what a policy sees: the whole command line as given, and where it runs.</summary>
    private static byte[] InputOf(CommandOptions options)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("argv"u8);
            writer.WriteStringValue(options.Command);
            foreach (var argument in options.Arguments)
            {
                writer.WriteStringValue(argument);
            }

            writer.WriteEndArray();
            writer.WriteString("cwd"u8, options.WorkingDirectory);
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static FolderSnapshot? SnapshotOf(CommandOptions options, bool readAhead)
    {
        if (options.Watch is null)
        {
            return null;
        }

        var snapshot = FolderSnapshot.Take(Path.GetFullPath(options.Watch, options.WorkingDirectory), options.Unwatched, options.Limits);
        if (readAhead)
        {
            snapshot.ReadAhead(options.Limits);
        }

        return snapshot;
    }

    private static string? SearchPath(CommandOptions options) =>
        options.Environment.TryGetValue("PATH", out var path) ? path : Environment.GetEnvironmentVariable("PATH");

    private sealed class Spoken(TextWriter log) : IProgress<string>
    {
        public void Report(string value) => log.WriteLine($"cairn: {value}");
    }
}
