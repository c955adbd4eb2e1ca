using System.Diagnostics;
using System.Text.Json;

namespace Cairn.Bench.Measuring;

/// <summary>A process of its own that measures and prints what it found as one JSON object.</summary>
internal static class Child
{
    /// <summary>What it printed.</summary>
    /// <param name="command">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="what">What it is called in messages.</param>
    /// <exception cref="BenchException">It could not be started, or ended with another exit code than 0.</exception>
    public static JsonElement Run(string command, IEnumerable<string> arguments, string what)
    {
        using var child = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true }) ?? throw new BenchException($"{what} did not start");
        var output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return child.ExitCode == 0
            ? JsonElement.Parse(output)
            : throw new BenchException($"{what} ended with {child.ExitCode}; its message is above");
    }
}
