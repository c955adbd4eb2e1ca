using System.Diagnostics;
using Cairn.Evidence.Trust;
using Cairn.Witness.Serving;

namespace Cairn.Witness.Tests;

/// <summary>The test executable started again as a witness of its own process, to be killed.</summary>
internal static class ChildProcess
{
    private const string Variable = "CAIRN_TEST_WITNESS";

    /// <summary>Starts a witness on a folder for the logs of a policy file, and waits until it listens.</summary>
    public static async Task<(Process Process, Uri Address)> StartAsync(string folder, string logs)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[Variable] = $"{folder}\n{logs}";
        var process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync();
        return line is null ? throw new InvalidOperationException(await process.StandardError.ReadToEndAsync()) : (process, new Uri(line));
    }

    public static async Task<int> Main(string[] args)
    {
        if (Environment.GetEnvironmentVariable(Variable)?.Split('\n', 2) is not [var folder, var logs])
        {
            return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
        }

        await using var server = await WitnessServer.StartAsync(
            new WitnessServerOptions { Path = folder, Logs = LogPolicy.Parse(File.ReadAllText(logs)).Logs, Url = "http://127.0.0.1:0" }, default);
        Console.WriteLine(server.Address);
        await Task.Delay(Timeout.InfiniteTimeSpan);
        return 0;
    }
}
