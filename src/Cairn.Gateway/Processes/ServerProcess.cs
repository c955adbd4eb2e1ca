using System.ComponentModel;
using System.Diagnostics;

namespace Cairn.Gateway.Processes;

/// <summary>The server's command could not be started.</summary>
/// <param name="command">What was to be run.</param>
/// <param name="inner">The system's reason.</param>
public sealed class ServerStartException(string command, Exception inner)
    : Exception($"could not start the server command \"{command}\": {inner.Message}", inner)
{
    /// <summary>The command as it was given.</summary>
    public string Command { get; } = command;
}

/// <summary>
/// A wrapped MCP server: a child process whose stdin and stdout carry JSON-RPC and whose stderr is the gateway's own.
/// Ended as the stdio transport asks (MCP 2026-07-28, stdio §Shutdown): close stdin, wait, SIGTERM, wait, SIGKILL.
/// </summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process) => _process = process;

    public int Id => _process.Id;

    public Stream Input => _process.StandardInput.BaseStream;

    public Stream Output => _process.StandardOutput.BaseStream;

    public bool HasExited => _process.HasExited;

    /// <summary>The exit code; 128 plus the signal's number where a signal ended it.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Starts the command with the given variables on top of the gateway's own environment.</summary>
    /// <exception cref="ServerStartException">There is no such command, or it may not be run.</exception>
    public static ServerProcess Start(string command, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string?> environment)
    {
        var start = new ProcessStartInfo(command)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = false,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        try
        {
            return new ServerProcess(Process.Start(start) ?? throw new InvalidOperationException("no process was started"));
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            throw new ServerStartException(command, e);
        }
    }

    /// <summary>Waits for the exit; false when it does not come in time.</summary>
    public async Task<bool> WaitAsync(TimeSpan time, CancellationToken ct)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(time);
        try
        {
            await _process.WaitForExitAsync(timeout.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return _process.HasExited;
        }
    }

    public Task WaitAsync(CancellationToken ct) => _process.WaitForExitAsync(ct);

    /// <summary>Asks the process to end by SIGTERM.</summary>
    public void Terminate()
    {
        if (!_process.HasExited)
        {
            UnixSignal.Terminate(_process.Id);
        }
    }

    /// <summary>Ends the process and its descendants by SIGKILL.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It ended by itself in the meantime.
        }
    }

    /// <summary>"exit code 3" or "SIGKILL", for messages.</summary>
    public string Ending => UnixSignal.NameOf(ExitCode) is { } signal ? $"signal {signal}" : $"exit code {ExitCode}";

    public void Dispose() => _process.Dispose();
}
