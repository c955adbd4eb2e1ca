using System.Diagnostics;
using System.Text.Json;
using Cairn.Bench.Measuring;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;

namespace Cairn.Bench.Verification;

/// <summary>
/// The verifier's own process: verifies one bundle from disk on one thread, twice, so that the second time nothing is compiled; then
/// it does the parts that no verifier can do without, alone, on the same file. Prints what each took as one JSON object.
/// </summary>
internal static class VerifyChild
{
    public const string Command = "verify-child";

    /// <param name="bundle">The bundle's file.</param>
    /// <param name="policy">The trust policy's file.</param>
    /// <exception cref="BenchException">The bundle, which is good, did not verify.</exception>
    public static int Run(string bundle, string policy)
    {
        var trust = TrustPolicy.Parse(File.ReadAllText(policy));
        var clock = new Clock();
        var report = Verify(bundle, trust);
        var first = clock.Lap();
        using var process = Process.GetCurrentProcess();
        var peak = process.PeakWorkingSet64;
        if (report.Integrity.FailureCount > 0)
        {
            throw new BenchException($"the bundle does not verify: {report.Integrity.Failures[0]}");
        }

        clock.Lap();
        _ = Verify(bundle, trust);
        var again = clock.Lap();
        var alone = new VerifyLimits(bundle, trust);
        using var writer = new Utf8JsonWriter(Console.OpenStandardOutput());
        writer.WriteStartObject();
        writer.WriteNumber("records", report.Counts.Records);
        writer.WriteBoolean("verified", report.Verified);
        writer.WriteNumber("first_seconds", first.Seconds);
        writer.WriteNumber("first_cpu_seconds", first.Cpu);
        writer.WriteNumber("cpu_seconds", again.Cpu);
        writer.WriteNumber("peak_bytes", peak);
        writer.WriteNumber("read", Best(alone.Read));
        writer.WriteNumber("members", Best(alone.Members));
        writer.WriteNumber("hashes", Best(alone.Hashes));
        writer.WriteNumber("signatures", Best(alone.Signatures));
        writer.WriteEndObject();
        return 0;
    }

    private static VerificationReport Verify(string bundle, TrustPolicy trust)
    {
        using var file = VerifyLimits.Open(bundle);
        return BundleVerifier.Verify(file, trust);
    }

    /// <summary>Processor time of the faster of two runs, in seconds: the first one compiles.</summary>
    private static double Best(Action work)
    {
        var clock = new Clock();
        work();
        var first = clock.Lap().Cpu;
        work();
        return Math.Min(first, clock.Lap().Cpu);
    }
}
