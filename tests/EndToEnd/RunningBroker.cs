using System.Diagnostics;

namespace Cairn.EndToEnd;

/// <summary>The process of <c>cairn broker serve</c>.</summary>
internal sealed class RunningBroker(Process process) : IAsyncDisposable
{
    /// <summary>Starts it on a data directory and waits until it listens.</summary>
    public static async Task<RunningBroker> StartAsync(string data)
    {
        var process = Process.Start(CairnProgram.Start("broker", "serve", "--data", data))!;
        _ = process.StandardOutput.ReadToEndAsync();
        for (var line = await process.StandardError.ReadLineAsync(); line is not null; line = await process.StandardError.ReadLineAsync())
        {
            if (line.Contains("http://127.0.0.1", StringComparison.Ordinal))
            {
                _ = process.StandardError.ReadToEndAsync();
                return new RunningBroker(process);
            }
        }

        throw new InvalidOperationException("cairn broker serve ended before it served");
    }

    /// <summary>Kills it.</summary>
    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
