using System.Globalization;
using System.Runtime.InteropServices;
using Cairn.Bench.Measuring;

namespace Cairn.Bench;

/// <summary>What must be known to read the figures.</summary>
internal static class Conditions
{
    /// <summary>The load average of the last minute, or "unknown" where the system does not say.</summary>
    public static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    public static IReadOnlyList<string> Lines(Options options, int recordBytes, string loadBefore) => Lines(
        options, $"record: {recordBytes} bytes, action.requested in the metadata profile; acknowledged = fsynced in the journal; statements deduplicated by stream position; ES256; statements signed before the clock starts", loadBefore);

    /// <param name="options">What ran.</param>
    /// <param name="what">What was measured with, in a line.</param>
    /// <param name="loadBefore">The load average at the start.</param>
    public static IReadOnlyList<string> Lines(Options options, string what, string loadBefore) =>
    [
        $"machine: {Environment.ProcessorCount} cores, {Model()}, {Figures.Text(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, Unit.Bytes)}, {RuntimeInformation.OSDescription}, .NET {Environment.Version}",
        $"disk: {FileSystem(options.Data)}; load average {loadBefore} before and {Load()} after (emitters, ledger and verifier share these cores)",
        what,
        options.Quick ? "run: --quick, fewer repetitions; for figures to cite run without it" : "run: full",
    ];

    private static string Model() => !File.Exists("/proc/cpuinfo")
        ? RuntimeInformation.ProcessArchitecture.ToString()
        : File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim()
          ?? RuntimeInformation.ProcessArchitecture.ToString();

    private static string FileSystem(string path)
    {
        var drive = DriveInfo.GetDrives()
            .Where(drive => path.StartsWith(drive.Name, StringComparison.Ordinal))
            .MaxBy(drive => drive.Name.Length);
        return drive is null ? "unknown file system" : string.Create(CultureInfo.InvariantCulture, $"{drive.DriveFormat}");
    }
}
