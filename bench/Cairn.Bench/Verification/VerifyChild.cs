using System.Diagnostics;
using System.Text.Json;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;

namespace Cairn.Bench.Verification;

/// <summary>The verifier's own process: verifies one bundle from disk and prints what it took as one JSON object.</summary>
internal static class VerifyChild
{
    public const string Command = "verify-child";

    /// <param name="bundle">The bundle's file.</param>
    /// <param name="policy">The trust policy's file.</param>
    /// <exception cref="BenchException">The bundle, which is good, did not verify.</exception>
    public static int Run(string bundle, string policy)
    {
        var trust = TrustPolicy.Parse(File.ReadAllText(policy));
        var (started, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        VerificationReport report;
        using (var file = new FileStream(bundle, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20))
        {
            report = BundleVerifier.Verify(file, trust);
        }

        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var cpuSeconds = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
        if (report.Integrity.FailureCount > 0)
        {
            throw new BenchException($"the bundle does not verify: {report.Integrity.Failures[0]}");
        }

        using var process = Process.GetCurrentProcess();
        using var writer = new Utf8JsonWriter(Console.OpenStandardOutput());
        writer.WriteStartObject();
        writer.WriteNumber("records", report.Counts.Records);
        writer.WriteNumber("seconds", seconds);
        writer.WriteNumber("cpu_seconds", cpuSeconds);
        writer.WriteNumber("peak_bytes", process.PeakWorkingSet64);
        writer.WriteEndObject();
        return 0;
    }
}
