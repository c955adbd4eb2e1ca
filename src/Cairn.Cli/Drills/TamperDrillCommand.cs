using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Cairn.Cli.Investigate;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Evidence.Drills;
using Cairn.Evidence.Trust;
using Cairn.Trails.Drills;

namespace Cairn.Cli.Drills;

/// <summary>
/// <c>cairn drill tamper</c>: every single-bit change of a bundle, as it lies there and with the manifest made to fit, then the
/// structured attacks of somebody with keys of their own.
/// </summary>
internal static class TamperDrillCommand
{
    private const int QuickSample = 100;
    private const int Seed = 1;

    public static Command Create()
    {
        var bundle = new Argument<string?>("bundle") { Description = "The bundle to change; one of the smallest trail is made without it", Arity = ArgumentArity.ZeroOrOne };
        var trust = new Option<string?>("--trust", "-t") { Description = "The trust policy that verifies the bundle", HelpName = "POLICY" };
        var quick = new Option<bool>("--quick") { Description = $"At most {QuickSample} bits of each member and way, always the same ones" };
        var output = OutputOption.Create();
        var command = new Command("tamper", "Change every bit of a bundle, one at a time, forge it in every known way, and show that each is seen") { bundle, trust, quick, output };
        command.SetAction((parsed, cancel) => RunAsync(parsed.GetValue(bundle), parsed.GetValue(trust), parsed.GetValue(quick), parsed.IsJson(output), cancel));
        return command;
    }

    private static async Task<int> RunAsync(string? path, string? trust, bool quick, bool json, CancellationToken cancel)
    {
        var (bundle, policy) = path is null && trust is null ? TamperDrill.Smallest() : await ReadAsync(path, trust, cancel);
        var clock = Stopwatch.StartNew();
        var progress = new DrillProgress(Console.Error, Console.IsErrorRedirected);
        BitDrillReport bits;
        try
        {
            bits = BitDrill.Run(bundle, policy, quick ? QuickSample : null, Seed, progress.Report, cancel);
        }
        catch (EvidenceFormatException problem)
        {
            throw new CliException(problem.Message, "cairn verify BUNDLE --trust POLICY");
        }

        progress.End();
        var seconds = clock.Elapsed.TotalSeconds;
        var attacks = TamperDrill.Attack();
        var isGood = bits.IsGood && attacks.All(attack => attack.IsGood);
        if (json)
        {
            WriteJson(bits, attacks, isGood, seconds);
        }
        else
        {
            Print(bits, attacks, isGood, seconds);
        }

        return isGood ? ExitCode.Done : ExitCode.CheckFailed;
    }

    private static async Task<(byte[] Bundle, TrustPolicy Policy)> ReadAsync(string? path, string? trust, CancellationToken cancel)
    {
        if (path is null || trust is null)
        {
            throw new CliException("a bundle comes with the trust policy that verifies it", "cairn drill tamper BUNDLE --trust POLICY");
        }

        var policy = await TrustFile.ReadAsync(trust, cancel);
        return File.Exists(path)
            ? (await File.ReadAllBytesAsync(path, cancel), policy)
            : throw new CliException($"there is no bundle at {Path.GetFullPath(path)}", "cairn export TRACE -o FILE");
    }

    private static void Print(BitDrillReport bits, IReadOnlyList<AttackOutcome> attacks, bool isGood, double seconds)
    {
        foreach (var way in bits.Counts.GroupBy(count => count.IsRefitted))
        {
            Console.Out.WriteLine(way.Key ? "Single bits of each member, with the manifest and all checksums made to fit afterwards" : "Single bits of the bundle as it lies there");
            Console.Out.WriteLine($"  {"member",-20} {"bits",9} {"failed",9} {"says less",9} {"unclaimed",9} {"UNDETECTED",10}");
            foreach (var count in way)
            {
                Console.Out.WriteLine(Row(count));
            }

            Console.Out.WriteLine(Row(new BitCount("all", way.Key, way.Sum(one => one.Bits), way.Sum(one => one.Failed), way.Sum(one => one.SaysLess), way.Sum(one => one.Unclaimed), way.Sum(one => one.Undetected))));
            Console.Out.WriteLine();
        }

        foreach (var (name, count) in bits.UnclaimedBits)
        {
            Console.Out.WriteLine($"  unclaimed: {name}: {count} bits");
        }

        foreach (var bit in bits.Undetected)
        {
            Console.Out.WriteLine($"  UNDETECTED: {bit.Place}, byte {bit.Offset}, bit {bit.Bit}{(bit.IsRefitted ? ", refitted" : "")}");
        }

        Console.Out.WriteLine();
        Console.Out.WriteLine("Structured attacks, the manifest made to fit each time");
        foreach (var attack in attacks)
        {
            Console.Out.WriteLine($"  {(attack.IsGood ? "seen" : "WRONG"),-5} {attack.Name,-24} {(attack.Found.Count > 0 ? string.Join(", ", attack.Found) : "nothing is claimed of it, and nothing changes")}");
            if (!attack.IsGood)
            {
                Console.Out.WriteLine($"        expected {string.Join(", ", attack.Expected)} ({attack.How})");
            }
        }

        Console.Out.WriteLine();
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{(isGood ? "nothing passed undetected" : "SOMETHING PASSED, OR BY ANOTHER CODE")}: {bits.Counts.Sum(count => count.Bits)} single bits in {seconds:F1} s on {Environment.ProcessorCount} cores, {attacks.Count} attacks"));
    }

    private static string Row(BitCount count) =>
        $"  {count.Place,-20} {count.Bits,9} {count.Failed,9} {count.SaysLess,9} {count.Unclaimed,9} {count.Undetected,10}";

    private static void WriteJson(BitDrillReport bits, IReadOnlyList<AttackOutcome> attacks, bool isGood, double seconds)
    {
        using var output = Console.OpenStandardOutput();
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteBoolean("good", isGood);
        json.WriteNumber("seconds", Math.Round(seconds, 3));
        json.WriteStartArray("bits");
        foreach (var count in bits.Counts)
        {
            json.WriteStartObject();
            json.WriteString("place", count.Place);
            json.WriteBoolean("refitted", count.IsRefitted);
            json.WriteNumber("bits", count.Bits);
            json.WriteNumber("failed", count.Failed);
            json.WriteNumber("says_less", count.SaysLess);
            json.WriteNumber("unclaimed", count.Unclaimed);
            json.WriteNumber("undetected", count.Undetected);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("attacks");
        foreach (var attack in attacks)
        {
            json.WriteStartObject();
            json.WriteString("name", attack.Name);
            json.WriteString("how", attack.How);
            json.WriteBoolean("good", attack.IsGood);
            json.WriteString("expected", string.Join(' ', attack.Expected));
            json.WriteString("found", string.Join(' ', attack.Found));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        output.WriteByte((byte)'\n');
    }
}
