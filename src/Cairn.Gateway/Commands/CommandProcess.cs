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
    /// <param name="options">Arguments, folder, environment and outputs.</param>
    /// <param name="traceParent">What it finds in TRACEPARENT.</param>
    /// <exception cref="ServerStartException">The system does not start it.</exception>
    public static CommandProcess Start(string program, CommandOptions options, string traceParent)
    {
        var start = new ProcessStartInfo(program)
        {
            UseShellExecute = false,
            WorkingDirectory = options.WorkingDirectory,
            RedirectStandardOutput = options.Output is not null,
            RedirectStandardError = options.ErrorOutput is not null,
        };
        foreach (var argument in options.Arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in options.Environment)
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
