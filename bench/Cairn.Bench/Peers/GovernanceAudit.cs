using System.Diagnostics;
using System.Text.Json;

namespace Cairn.Bench.Peers;

/// <summary>
/// Figures of the peer's audit log (bench/peers/governance-audit.mjs): a SHA-256 chain in one process's memory, unsigned.
/// </summary>
/// <param name="Version">Of the npm package.</param>
/// <param name="Median">Seconds for one append.</param>
/// <param name="P99">Seconds for one append.</param>
/// <param name="AppendsPerSecond">Appends in a second, nothing evicted.</param>
/// <param name="VerifiedPerSecond">Entries in a second whose hashes its <c>verify()</c> recomputes.</param>
/// <param name="AppendsPerSecondAsItComes">Appends in a second once the default 10,000 entries are held and the oldest are evicted.</param>
internal sealed record GovernanceAudit(
    string Version, double Median, double P99, double AppendsPerSecond, double VerifiedPerSecond, double AppendsPerSecondAsItComes)
{
    public string Name => $"agent-governance-sdk {Version}, unsigned, in memory";

    /// <summary>Runs the peer under Node.</summary>
    /// <exception cref="BenchException">Node could not be started, or the peer failed.</exception>
    public static GovernanceAudit Measure(string peersFolder, bool quick)
    {
        var start = new ProcessStartInfo("node", ["governance-audit.mjs", quick ? "20000" : "200000"])
        {
            WorkingDirectory = peersFolder,
            RedirectStandardOutput = true,
        };
        using var node = Process.Start(start) ?? throw new BenchException("node did not start");
        var output = node.StandardOutput.ReadToEnd();
        node.WaitForExit();
        if (node.ExitCode != 0)
        {
            throw new BenchException($"the peer's benchmark ended with {node.ExitCode}; its message is above");
        }

        using var json = JsonDocument.Parse(output);
        double Number(string name) => json.RootElement.GetProperty(name).GetDouble();
        return new GovernanceAudit(
            json.RootElement.GetProperty("version").GetString()!,
            Number("median_ns") * 1e-9,
            Number("p99_ns") * 1e-9,
            Number("appends_per_second"),
            Number("verified_per_second"),
            Number("appends_per_second_as_it_comes"));
    }
}
