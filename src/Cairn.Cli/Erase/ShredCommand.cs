using System.CommandLine;
using Cairn.Cli.Identity;
using Cairn.Cli.Investigate;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Identity.Files;
using Cairn.Ledger;
using Cairn.Trails.Erasure;

namespace Cairn.Cli.Erase;

/// <summary>
/// <c>cairn shred TRACE</c>: destroys a trail's key, and with it all its content. Order: no hold stands → the ledger has the record that
/// it is about to happen → the key is destroyed → the ledger has the record that it is done. Killed in between, the ledger tells of a
/// shredding that has begun, never of one that is done and is not; the same command completes it.
/// </summary>
internal static class ShredCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static Command Create()
    {
        var data = DataOption.Create();
        var trace = new Argument<string>("trace") { Description = "A trace id, or the start of one" };
        var by = new Option<string?>("--by") { Description = "Who decided it; without, who runs the command", HelpName = "WHO" };
        var reason = new Option<string>("--reason") { Description = "Why; it is recorded", HelpName = "TEXT", DefaultValueFactory = _ => "no reason given" };
        var command = new Command("shred", "Destroy a trail's key: its content can't be read again, its records still verify") { trace, by, reason, data };
        command.SetAction((parsed, cancel) => RunAsync(
            DataOption.Resolve(parsed.GetValue(data)), parsed.GetRequiredValue(trace), parsed.GetValue(by) ?? OperatorTrail.By, parsed.GetRequiredValue(reason), cancel));
        return command;
    }

    private static async Task<int> RunAsync(string data, string start, string by, string reason, CancellationToken cancel)
    {
        var directory = LedgerDirectory.Open(data);
        using var turn = FileLock.Take(directory.ErasureLockPath, Patience);
        await using var open = await OpenLedger.ReadAsync(data, sequence: false, cancel);
        var trace = open.Resolve(start);
        var log = await ErasureLog.ReadAsync(open.Ledger, directory.TrustPolicy(), cancel);
        if (log.HoldsOn(trace) is { Count: > 0 } holds)
        {
            throw new CliException($"trail {trace} is under a legal hold and its content stays: {string.Join("; ", holds.Select(ErasureWords.Tell))}", $"cairn hold release {trace} --by WHO --reason WHY");
        }

        using var vault = TrailVault.Open(directory.VaultPath);
        var last = log.ShreddingOf(trace);
        var isGone = TrailVault.IsShredded(directory.VaultPath, trace);
        if (last is { IsDone: true } && isGone)
        {
            Console.Error.WriteLine($"cairn: nothing to do: {ErasureWords.Tell(last)}");
            return ExitCode.Done;
        }

        var contents = open.Ledger.CountContents(trace);
        await using var trail = await OperatorTrail.StartAsync(data, "shred", cancel);
        if (last is not { IsDone: false })
        {
            await RecordAsync(trail, trace, by, reason, contents, "begun", cancel);
        }
        else
        {
            (by, reason) = (last.By, last.Reason);
        }

        vault.Shred(trace);
        var record = await RecordAsync(trail, trace, by, reason, contents, "done", cancel);
        await trail.EndAsync("done", cancel);
        Console.Error.WriteLine($"cairn: the key of trail {trace} is destroyed, and with it {contents} contents; its records verify as before");
        var copies = vault.Status().Token switch
        {
            { IsRenewed: true } => "copies of the data directory from before no longer open, with the token either, unless that was copied too",
            not null => "copies of the vault from before no longer open, unless its key-encryption key's file was copied too and whoever has it has the token",
            _ => "copies of the vault from before no longer open, unless its key-encryption key was copied too",
        };
        Console.Error.WriteLine($"cairn: {copies}; bundles that were handed out keep what they disclose");
        Console.Out.WriteLine(record);
        return ExitCode.Done;
    }

    private static Task<RecordId> RecordAsync(OperatorTrail trail, TraceId trace, string by, string reason, long contents, string state, CancellationToken cancel) =>
        trail.RecordAsync(RecordKinds.LedgerShredded, json =>
        {
            json.WriteString("by", by);
            json.WriteString("trail", trace.ToString());
            json.WriteString("reason", reason);
            json.WriteString("state", state);
            json.WriteNumber("contents", contents);
        }, cancel);
}
