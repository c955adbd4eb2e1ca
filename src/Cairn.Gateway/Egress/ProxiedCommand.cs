using Cairn.Gateway.Commands;
using Cairn.Gateway.Processes;

namespace Cairn.Gateway.Egress;

/// <summary>Runs a command whose HTTP clients find the proxy in their environment.</summary>
public static class ProxiedCommand
{
    private static readonly string[] Variables = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"];

    /// <summary>The variables that HTTP clients look at. <c>NO_PROXY</c> stays as it is: clients go past the proxy for what it names.</summary>
    /// <param name="proxy">The proxy.</param>
    public static IReadOnlyDictionary<string, string?> EnvironmentFor(EgressProxy proxy)
    {
        ArgumentNullException.ThrowIfNull(proxy);
        return Variables.ToDictionary(name => name, string? (_) => proxy.Address);
    }

    /// <summary>Runs a command to its end, with this process's stdin and outputs and its signals.</summary>
    /// <param name="proxy">The proxy.</param>
    /// <param name="command">The program, found on PATH as a shell would.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="log">Messages for people.</param>
    /// <param name="ct">The run is over before it began.</param>
    /// <returns>The command's exit code, and why it was not started; null when it was.</returns>
    public static async Task<(int ExitCode, string? NotStarted)> RunAsync(
        EgressProxy proxy, string command, IReadOnlyList<string> arguments, TextWriter log, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(proxy);
        ArgumentNullException.ThrowIfNull(log);
        if (Variables.Any(name => Environment.GetEnvironmentVariable(name) is { Length: > 0 }))
        {
            await log.WriteLineAsync("cairn: a proxy is set in the environment already; the command gets this one in its place, which connects directly").ConfigureAwait(false);
        }

        using var signals = new SignalRelay(isActive: true, ct);
        try
        {
            var folder = Directory.GetCurrentDirectory();
            if (ProgramFile.Find(command, folder, Environment.GetEnvironmentVariable("PATH")) is not { } program)
            {
                return (RecordedCommand.NotFound, $"there is no command \"{command}\"");
            }

            if (signals.Told.IsCancellationRequested)
            {
                return (RecordedCommand.Interrupted, "ended before the command was started");
            }

            using var process = CommandProcess.Start(program.Path, arguments, folder, EnvironmentFor(proxy), proxy.Context.ToString(), hasOutput: false, hasErrorOutput: false);
            signals.Attach(process.Id);
            await process.WaitAsync().ConfigureAwait(false);
            signals.Detach();
            return (process.ExitCode, null);
        }
        catch (Exception e) when (e is ServerStartException or UnauthorizedAccessException)
        {
            return (RecordedCommand.Denied, e.Message);
        }
    }
}
