using System.ComponentModel;
using System.Diagnostics;
using Cairn.Gateway.Processes;

namespace Cairn.Gateway.Commands;

/// <summary>
/// A running program. It has this process's stdin, and its stdout and stderr too where they are not looked at, so that a
/// terminal stays one.
/// </summary>
internal sealed class CommandProcess : IDisposable
{
    private readonly Process _process;

    private CommandProcess(Process process) => _process = process;

    public int Id => _process.Id;

    public Stream Output => _process.StandardOutput.BaseStream;

    public Stream ErrorOutput => _process.StandardError.BaseStream;

    /// <summary>The exit code; 128 plus the signal's number where a signal ended it.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Starts a program.</summary>
    /// <param name="program">Its file, absolute.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="folder">The folder it runs in.</param>
    /// <param name="environment">Variables on top of this process's own; null removes one.</param>
    /// <param name="traceParent">What it finds in TRACEPARENT.</param>
    /// <param name="hasOutput">Whether its stdout is <see cref="Output"/>; else it has this process's own.</param>
    /// <param name="hasErrorOutput">The same for stderr.</param>
    /// <exception cref="ServerStartException">The system does not start it.</exception>
    public static CommandProcess Start(
        string program, IReadOnlyList<string> arguments, string folder, IReadOnlyDictionary<string, string?> environment, string traceParent,
        bool hasOutput, bool hasErrorOutput)
    {
        var start = new ProcessStartInfo(program)
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardOutput = hasOutput,
            RedirectStandardError = hasErrorOutput,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["TRACEPARENT"] = traceParent;
        try
        {
            return new CommandProcess(Process.Start(start) ?? throw new InvalidOperationException("no process was started"));
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            throw new ServerStartException(program, e);
        }
    }

    /// <summary>Waits for the program's own end; its outputs may be held open longer.</summary>
    public Task WaitAsync()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.EnableRaisingEvents = true;
        _process.Exited += (_, _) => ended.TrySetResult();
        if (_process.HasExited)
        {
            ended.TrySetResult();
        }

        return ended.Task;
    }

    public void Dispose() => _process.Dispose();
}
