using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Cairn.EndToEnd;

/// <summary>A <c>cairn</c> that serves: a process of its own, which a test can stop, continue and kill.</summary>
public sealed class RunningCairn : IAsyncDisposable
{
    private readonly Process _process;

    private RunningCairn(Process process) => _process = process;

    /// <summary>Starts one and waits until it says that it is ready.</summary>
    /// <param name="ready">What stands in the line on stderr that says so.</param>
    /// <param name="words">The command line.</param>
    public static async Task<RunningCairn> StartAsync(string ready, params string[] words)
    {
        var process = Process.Start(CairnProgram.Start(words)) ?? throw new InvalidOperationException("cairn did not start");
        _ = process.StandardOutput.ReadToEndAsync();
        var said = new List<string>();
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            said.Add(line);
            if (line.Contains(ready, StringComparison.Ordinal))
            {
                _ = process.StandardError.ReadToEndAsync();
                return new RunningCairn(process);
            }
        }

        throw new InvalidOperationException($"cairn {string.Join(' ', words)} ended before it served; it said:\n{string.Join('\n', said)}");
    }

    /// <summary>A port of loopback that nobody listens at.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Sends it a signal, such as <c>STOP</c>.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{_process.Id}"]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Ends it as an operator does: SIGTERM, and it ends by itself.</summary>
    public async Task EndAsync()
    {
        await SignalAsync("TERM");
        await _process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token);
        Assert.Equal(0, _process.ExitCode);
    }

    /// <summary>SIGKILL: nothing is flushed, nothing is closed.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }
}
