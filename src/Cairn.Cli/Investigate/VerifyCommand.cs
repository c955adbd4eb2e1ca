using System.CommandLine;
using Cairn.Cli.Erase;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Evidence.Verification;
using Cairn.Policy.Checking;
using Cairn.Trails.Erasure;
using Spectre.Console;

namespace Cairn.Cli.Investigate;

/// <summary><c>cairn verify FILE</c>: checks a bundle with nothing but a trust policy.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "The bundle" };
        var trust = new Option<string?>("--trust", "-t") { Description = "The trust policy, received by another way than the bundle", HelpName = "POLICY" };
        var unpinned = new Option<bool>("--allow-unpinned") { Description = "Without --trust: believe the bundle's own keys, and still exit 0 if all else holds" };
        var output = OutputOption.Create();
        var command = new Command("verify", "Verify an evidence bundle, offline") { file, trust, unpinned, output };
        command.SetAction((parsed, cancel) => RunAsync(
            parsed.GetRequiredValue(file), parsed.GetValue(trust), parsed.IsJson(output), parsed.GetValue(unpinned), Screen.Create(), cancel));
        return command;
    }

    public static async Task<int> RunAsync(string file, string? trust, bool json, bool allowUnpinned, Screen screen, CancellationToken cancel)
    {
        var policy = trust is null ? null : await TrustFile.ReadAsync(trust, cancel);
        if (!File.Exists(file))
        {
            throw new CliException($"there is no bundle at {Path.GetFullPath(file)}", "cairn export TRACE -o FILE");
        }

        await using var bundle = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        var counted = Console.IsErrorRedirected ? null : new Action<long>(records => Console.Error.Write($"\r{records} records …"));
        var told = new List<BundleRecord>();
        using var decisions = new DecisionEngine();
        var report = BundleVerifier.Verify(bundle, policy, new VerifyOptions { Progress = counted, Operator = told.Add, Decisions = decisions }, cancel);
        if (counted is not null)
        {
            Console.Error.Write("\r                    \r");
        }

        if (json)
        {
            await using var stdout = Console.OpenStandardOutput();
            await stdout.WriteAsync(VerificationJson.Encode(report), cancel);
            stdout.WriteByte((byte)'\n');
        }
        else
        {
            Print(screen, report);
            if (report.Integrity.State == VerdictState.Passed && report.Trace is { } trace && ErasureLog.LastOf(TraceId.Parse(trace), told) is { } shredding)
            {
                screen.Say(ErasureWords.Tell(shredding, isGone: false));
            }
        }

        if (policy is null && !allowUnpinned)
        {
            Console.Error.WriteLine("cairn: unpinned: no --trust policy was given, so the bundle vouched for itself. Ask for the ledger's `cairn keys` by another way, or accept this with --allow-unpinned");
        }

        return report.Verified && (policy is not null || allowUnpinned) ? ExitCode.Done : ExitCode.CheckFailed;
    }

    private static void Print(Screen screen, VerificationReport report)
    {
        var headline = report.Verified ? report.Trust.Pinned ? "VERIFIED" : "VERIFIED, UNPINNED" : "NOT VERIFIED";
        screen.Console.MarkupLineInterpolated($"[bold {(report.Verified ? report.Trust.Pinned ? "green" : "yellow" : "red")}]{headline}[/]");
        foreach (var line in VerificationText.Lines(report))
        {
            var style = line.StartsWith("  x ", StringComparison.Ordinal) ? new Style(Color.Red)
                : line.StartsWith("  - ", StringComparison.Ordinal) ? new Style(decoration: Decoration.Dim)
                : !line.StartsWith(' ') ? new Style(decoration: Decoration.Bold)
                : Style.Plain;
            screen.Console.Write(new Text(line + "\n", style));
        }
    }
}
