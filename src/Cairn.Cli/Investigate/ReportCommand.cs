using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Evidence.Verification;
using Cairn.Policy.Checking;
using Cairn.Trails.Bundles;
using Cairn.Trails.Reports;

namespace Cairn.Cli.Investigate;

/// <summary><c>cairn report TRACE -o FILE</c>: one page for people who are no engineers, of a ledger's trail or of a bundle.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var trace = new Argument<string?>("trace") { Description = "A trace id, or the start of one", Arity = ArgumentArity.ZeroOrOne };
        var bundle = new Option<string?>("--bundle") { Description = "Of this bundle, and no ledger", HelpName = "FILE" };
        var trust = new Option<string?>("--trust", "-t") { Description = "The trust policy for the bundle, received by another way", HelpName = "POLICY" };
        var file = new Option<string>("--out", "-o") { Description = "The page's file", HelpName = "FILE", Required = true };
        var command = new Command("report", "Write a trail's report: one page to read, print and hand over, with verdicts, pictures, findings and proofs") { trace, file, bundle, trust, data };
        command.SetAction((parsed, cancel) => RunAsync(
            DataOption.Resolve(parsed.GetValue(data)), parsed.GetValue(trace), parsed.GetValue(bundle), parsed.GetValue(trust), parsed.GetRequiredValue(file), cancel));
        return command;
    }

    private static async Task<int> RunAsync(string data, string? trace, string? bundle, string? trust, string file, CancellationToken cancel)
    {
        var evidence = (trace, bundle) switch
        {
            (null, { } zip) => await OfBundleAsync(zip, trust, cancel),
            ({ } start, null) => await OfLedgerAsync(data, start, trust, cancel),
            _ => throw new CliException("a report is of one trail: give a trace id or --bundle, one of the two", "cairn trails"),
        };
        await File.WriteAllBytesAsync(file, TrailReport.Render(evidence), cancel);
        var report = evidence.Verification;
        Console.Error.WriteLine(
            $"{Path.GetFullPath(file)}: {Disk.Size(new FileInfo(file).Length)}, {report.Counts.Records} records, {evidence.Findings.Count} findings; integrity {Word(report.Integrity)}, completeness {Word(report.Completeness)}, corroboration {Word(report.Corroboration)}");
        if (evidence.Trust == ReportTrust.Bundle)
        {
            Console.Error.WriteLine("cairn: unpinned: no --trust policy was given, so the bundle vouched for itself, and the page says so");
        }

        return report.Verified ? ExitCode.Done : ExitCode.CheckFailed;
    }

    private static async Task<ReportEvidence> OfBundleAsync(string bundle, string? trust, CancellationToken cancel)
    {
        if (!File.Exists(bundle))
        {
            throw new CliException($"there is no bundle at {Path.GetFullPath(bundle)}", "cairn export TRACE -o FILE");
        }

        var policy = trust is null ? null : await TrustFile.ReadAsync(trust, cancel);
        await using var file = new FileStream(bundle, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        using var decisions = new DecisionEngine();
        return ReportEvidence.Read(file, policy, policy is null ? ReportTrust.Bundle : ReportTrust.Reader, cancel, decisions);
    }

    // By way of a bundle: what is told of a ledger's trail is told of evidence that was verified, as a stranger would verify it.
    private static async Task<ReportEvidence> OfLedgerAsync(string data, string trace, string? trust, CancellationToken cancel)
    {
        if (trust is not null)
        {
            throw new CliException("--trust is for a bundle; a ledger is judged by its own policy");
        }

        await using var open = await OpenLedger.ReadAsync(data, sequence: true, cancel);
        return await BundleWriter.ReadAsync(open.Ledger, open.Directory, open.Resolve(trace), cancel);
    }

    private static string Word(Verdict verdict) => verdict.State.ToString().ToLowerInvariant();
}
