using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Cairn.Cli.Identity;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Identity.Files;
using Cairn.Ledger;
using Cairn.Ledger.Keys;
using Cairn.Ledger.Witnessing;
using Cairn.Policy;
using Cairn.Policy.Bundles;
using Cairn.Policy.Storage;
using Spectre.Console;

namespace Cairn.Cli.Operate;

/// <summary><c>cairn doctor</c>: what of this machine and this data directory is well, what is not, and what to do about it.</summary>
internal static class DoctorCommand
{
    private const long LittleSpace = 512L * 1024 * 1024;

    public static Command Create()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var command = new Command("doctor", "Check this machine and the data directory, and say what to do") { data, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var findings = new List<Finding> { Runtime(), Node() };
            await IdentityAsync(findings, cancel);
            await InspectAsync(DataOption.Resolve(parsed.GetValue(data)), findings, cancel);
            if (parsed.IsJson(output))
            {
                WriteJson(findings);
            }
            else
            {
                Print(Screen.Create(), findings);
            }

            return findings.Any(finding => finding.State == "fail") ? ExitCode.CheckFailed : ExitCode.Done;
        });
        return command;
    }

    /// <param name="State">ok, note or fail.</param>
    /// <param name="Subject">What was looked at.</param>
    /// <param name="Text">What was found.</param>
    /// <param name="Next">What to do; null where nothing is to be done.</param>
    private sealed record Finding(string State, string Subject, string Text, string? Next = null);

    private static Finding Runtime() => new("ok", "runtime", $".NET {Environment.Version} on {System.Runtime.InteropServices.RuntimeInformation.OSDescription}");

    private static Finding Node()
    {
        try
        {
            using var node = Process.Start(new ProcessStartInfo("node", "--version") { RedirectStandardOutput = true, UseShellExecute = false });
            var version = node!.StandardOutput.ReadToEnd().Trim();
            node.WaitForExit();
            return new Finding("ok", "node", $"Node.js {version} (the demo's servers need it; recording does not)");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return new Finding("note", "node", "no Node.js on PATH: recording works, the demo and npm-made servers do not", "install Node.js 20 or newer");
        }
    }

    private static async Task InspectAsync(string data, List<Finding> findings, CancellationToken cancel)
    {
        LedgerDirectory directory;
        try
        {
            directory = LedgerDirectory.Open(data);
        }
        catch (LedgerDirectoryException problem)
        {
            var absent = !Directory.Exists(data);
            findings.Add(new Finding(absent ? "note" : "fail", "data directory", problem.Message, absent ? "cairn mcp -- COMMAND makes it" : null));
            return;
        }

        findings.Add(new Finding("ok", "data directory", $"{directory.Root}, format {LedgerDirectory.Format}, origin {directory.Origin}"));
        findings.Add(Authority(directory));
        findings.Add(Space(directory));
        findings.Add(Sequencer(directory));
        try
        {
            await using var ledger = await EmbeddedLedger.OpenAsync(directory, new EmbeddedLedgerOptions { Sequence = false }, cancel);
            await LedgerAsync(directory, ledger, findings, cancel);
        }
        catch (Exception problem) when (problem is LedgerDirectoryException or EvidenceFormatException or Evidence.Submissions.LedgerUnavailableException)
        {
            findings.Add(new Finding("fail", "journal", problem.Message, "cairn fsck"));
        }

        findings.Add(Policy(directory));
        findings.Add(Spool(directory));
        findings.Add(Clock());
    }

    /// <summary>The policy that gateways on this directory decide under where none is named to them.</summary>
    private static Finding Policy(LedgerDirectory directory)
    {
        try
        {
            var store = PolicyStore.Open(directory.Root);
            if (store.Current() is not { } current)
            {
                return new Finding("note", "policy", "none: gateways that are given none record actions and let them pass", "cairn policy push DIR");
            }

            var name = $"sha256:{current.Digest}";
            return store.Find(current.Digest) is null
                ? new Finding("fail", "policy", $"{store.CurrentPath} names {name}, which the store does not have: gateways do not start", "cairn policy push DIR")
                : new Finding("ok", "policy", $"{name} decides, {(current.Mode is { } mode ? mode == PolicyMode.Shadow ? "in shadow: its decisions are recorded and bind nobody" : "enforced" : "in the mode that the bundle says")}");
        }
        catch (Exception problem) when (problem is PolicyBundleException or IOException or UnauthorizedAccessException)
        {
            return new Finding("fail", "policy", $"{problem.Message}: gateways do not start", "cairn policy push DIR");
        }
    }

    /// <summary>Who this process is, where a Workload API says so.</summary>
    private static async Task IdentityAsync(List<Finding> findings, CancellationToken cancel)
    {
        try
        {
            if (SpiffeSocket.Resolve(null) is { } endpoint)
            {
                findings.AddRange((await PresentIdentity.OfAsync(endpoint, cancel)).Select(one => new Finding("ok", "identity", $"{one.Id} until {one.Until:u}, from {one.Source}")));
            }
        }
        catch (Workload.WorkloadApiException problem)
        {
            findings.Add(new Finding("fail", "identity", problem.Message, problem.Fault == Workload.WorkloadApiFault.Denied ? "cairn identity entry add, or an entry in SPIRE" : $"see to the Workload API, or unset {Workload.WorkloadEndpoint.Variable}"));
        }
    }

    /// <summary>The data directory's own authority, which emitters without a Workload API get their identities from.</summary>
    private static Finding Authority(LedgerDirectory directory)
    {
        try
        {
            var one = PresentIdentity.Of(directory);
            using var authority = Cairn.Identity.LocalAuthority.Open(directory.KeysPath, directory.TrustDomain);
            return new Finding("ok", "authority", $"{authority.TrustDomain} with {authority.Bundle().X509Authorities.Count} root(s); gives {one.Id} until {one.Until:u}");
        }
        catch (Cairn.Identity.AuthorityException problem)
        {
            return new Finding("fail", "authority", problem.Message);
        }
    }

    private static Finding Space(LedgerDirectory directory)
    {
        var free = new DriveInfo(directory.Root).AvailableFreeSpace;
        return free < LittleSpace
            ? new Finding("fail", "disk", $"{Disk.Size(free)} free: strict emitters refuse calls when it is full", "free space, or move the data directory")
            : new Finding("ok", "disk", $"{Disk.Size(free)} free");
    }

    private static Finding Sequencer(LedgerDirectory directory)
    {
        using var free = FileLock.TryTake(Path.Combine(directory.Root, "sequencer.lock"));
        return free is null
            ? new Finding("ok", "sequencer", "a running process makes the checkpoints")
            : new Finding("ok", "sequencer", "no process makes checkpoints now; the next one that writes or exports does");
    }

    private static async Task LedgerAsync(LedgerDirectory directory, EmbeddedLedger ledger, List<Finding> findings, CancellationToken cancel)
    {
        var count = ledger.Count();
        if (ledger.NewestCheckpoint() is not { } note)
        {
            findings.Add(new Finding("note", "checkpoint", $"{count} statements acknowledged, no checkpoint published yet"));
            return;
        }

        var head = Checkpoint.Of(note).Head;
        var verdict = directory.TrustPolicy().Log.Check(note);
        var failures = verdict.Failures.Where(failure => failure != verdict.QuorumFailure).ToList();
        findings.Add(failures.Count == 0
            ? new Finding("ok", "checkpoint", $"size {head.Size} of {count} acknowledged statements, signed by {verdict.LogKeys.Count} keys")
            : new Finding("fail", "checkpoint", string.Join("; ", failures), "cairn fsck"));
        var root = await ledger.Tree().RootAsync(head.Size, cancel);
        findings.Add(root == head.Root
            ? new Finding("ok", "tiles", "the right edge leads to the checkpoint's root (cairn fsck checks every entry)")
            : new Finding("fail", "tiles", $"the right edge leads to {root}, the checkpoint says {head.Root}", "cairn fsck"));
        LogKeys(directory, findings);
        Witnesses(directory, ledger, note, findings);
    }

    /// <summary>A change of the ledger's own keys that is not over.</summary>
    private static void LogKeys(LedgerDirectory directory, List<Finding> findings)
    {
        var files = new LogKeyFiles(directory);
        using var keys = files.Read();
        if (files.Retirement() is { } retirement)
        {
            findings.Add(new Finding("note", "log keys", $"statement {retirement.Index} retires the old ones; the next checkpoint is their last"));
        }
        else if (keys.Next.Count > 0)
        {
            findings.Add(new Finding("note", "log keys", $"{keys.Next.Count} new ones sign beside the old ones", "cairn keys retire, once witnesses and monitors have the new ones"));
        }
    }

    private static void Witnesses(LedgerDirectory directory, EmbeddedLedger ledger, SignedNote newest, List<Finding> findings)
    {
        var standing = ledger.Standing(newest);
        if (standing.Asked == 0)
        {
            findings.Add(new Finding("note", "witnesses", "no witness cosigns: whoever holds this directory could show different histories to different people", $"name witnesses in {directory.WitnessPolicyPath}; keep bundles and checkpoints elsewhere too"));
            return;
        }

        var final = ledger.FinalCheckpoint() is { } cosigned ? $"readers get the checkpoint of size {Checkpoint.Of(cosigned).Size}" : "readers get no checkpoint yet";
        findings.Add(standing.IsMet
            ? new Finding("ok", "witnesses", $"{standing}")
            : new Finding("fail", "witnesses", $"size {standing.Size}: {standing}; {final}", "cairn ledger witnesses, and cairn ledger cosign when they are back"));
        foreach (var (url, state) in WitnessProgress.Read(directory).Witnesses.Where(pair => pair.Value.Failures > 0))
        {
            findings.Add(new Finding("note", "witness", $"{url} fails since {state.FailingSince:u}: {state.Problem}"));
        }
    }

    private static Finding Spool(LedgerDirectory directory)
    {
        var files = Directory.Exists(directory.SpoolPath) ? Directory.EnumerateFiles(directory.SpoolPath, "*", SearchOption.AllDirectories).Select(file => new FileInfo(file)).Where(file => file.Length > 0).ToList() : [];
        var rejected = files.Where(file => file.FullName.Contains("rejected", StringComparison.Ordinal)).ToList();
        return rejected.Count > 0
            ? new Finding("fail", "spool", $"{rejected.Count} submissions were rejected by the ledger and are kept in {Path.Combine(directory.SpoolPath, "rejected")}", "look at them: evidence that is not in the ledger")
            : files.Count > 0
                ? new Finding("note", "spool", $"{files.Count} files, {Disk.Size(files.Sum(file => file.Length))}: in use by a running emitter, or delivered by the next one that starts")
                : new Finding("ok", "spool", "empty: nothing waits for delivery");
    }

    private static Finding Clock() => DateTimeOffset.UtcNow.Year is < 2026 or > 2100
        ? new Finding("fail", "clock", $"the machine's clock says {DateTimeOffset.UtcNow:u}", "set the clock: records and checkpoints carry its time")
        : new Finding("ok", "clock", $"{DateTimeOffset.UtcNow:u}");

    private static void Print(Screen screen, List<Finding> findings)
    {
        foreach (var finding in findings)
        {
            var style = finding.State switch { "ok" => "green", "note" => "yellow", _ => "red" };
            screen.Console.MarkupLine($"[{style}]{finding.State,-4}[/] {Markup.Escape(finding.Subject),-15} {Markup.Escape(finding.Text)}{(finding.Next is null ? "" : $"\n                     → {Markup.Escape(finding.Next)}")}");
        }
    }

    private static void WriteJson(List<Finding> findings)
    {
        using var output = Console.OpenStandardOutput();
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true });
        json.WriteStartArray();
        foreach (var finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("state", finding.State);
            json.WriteString("subject", finding.Subject);
            json.WriteString("text", finding.Text);
            if (finding.Next is { } next)
            {
                json.WriteString("next", next);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.Flush();
        output.WriteByte((byte)'\n');
    }
}
