using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json;
using Cairn.Cli.Identity;
using Cairn.Cli.Investigate;
using Cairn.Cli.Policies;
using Cairn.Cli.Terminal;
using Cairn.Evidence.Records;
using Cairn.Identity.Files;
using Cairn.Ledger;
using Cairn.Trails.Erasure;

namespace Cairn.Cli.Erase;

/// <summary><c>cairn hold add|list|release</c>: legal holds, which keep trails from being shredded. The ledger's records are the holds.</summary>
internal static class HoldCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static Command Create() => new("hold", "Legal holds: a trail under one is not shredded") { Add(), List(), Release() };

    private static Command Add()
    {
        var (data, trace, by, reason) = (DataOption.Create(), Trace(), By("Who holds"), Reason());
        var command = new Command("add", "Hold a trail: its content is not shredded until the hold is lifted") { trace, by, reason, data };
        command.SetAction((parsed, cancel) => InTurnAsync(DataOption.Resolve(parsed.GetValue(data)), async (path, open, _) =>
        {
            var held = open.Resolve(parsed.GetRequiredValue(trace));
            var id = $"hold-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
            if (TrailVault.IsShredded(open.Directory.VaultPath, held))
            {
                Console.Error.WriteLine($"cairn: the content of trail {held} is shredded already; the hold can't bring it back");
            }

            await RecordAsync(path, "hold-add", RecordKinds.LedgerHeld, json =>
            {
                json.WriteString("by", parsed.GetRequiredValue(by));
                json.WriteString("hold", id);
                json.WriteTexts("trails", [held.ToString()]);
                json.WriteString("reason", parsed.GetRequiredValue(reason));
            }, cancel);
            Console.Out.WriteLine(id);
        }, cancel));
        return command;
    }

    private static Command Release()
    {
        var (data, trace, by, reason) = (DataOption.Create(), Trace(), By("Who lifts it"), Reason());
        var which = new Option<string?>("--hold") { Description = "Which of several holds", HelpName = "ID" };
        var command = new Command("release", "Lift a hold") { trace, which, by, reason, data };
        command.SetAction((parsed, cancel) => InTurnAsync(DataOption.Resolve(parsed.GetValue(data)), async (path, open, log) =>
        {
            var held = open.Resolve(parsed.GetRequiredValue(trace));
            var (all, id) = (log.HoldsOn(held), parsed.GetValue(which));
            var hold = all.Where(hold => id is null || hold.Id == id).ToList() switch
            {
                [var one] => one,
                [] => throw new CliException($"no {(id is null ? "hold" : $"hold {id}")} stands on trail {held}", "cairn hold list"),
                var several => throw new CliException($"{several.Count} holds stand on trail {held}: {string.Join("; ", several.Select(ErasureWords.Tell))}", $"cairn hold release {held} --hold {several[0].Id} --by WHO --reason WHY"),
            };
            await RecordAsync(path, "hold-release", RecordKinds.LedgerReleased, json =>
            {
                json.WriteString("by", parsed.GetRequiredValue(by));
                json.WriteString("hold", hold.Id);
                json.WriteString("reason", parsed.GetRequiredValue(reason));
            }, cancel);
            Console.Out.WriteLine(hold.Id);
        }, cancel));
        return command;
    }

    private static Command List()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var all = new Option<bool>("--all") { Description = "Lifted holds too" };
        var command = new Command("list", "Show the holds") { all, output, data };
        command.SetAction(async (parsed, cancel) =>
        {
            await using var open = await OpenLedger.ReadAsync(DataOption.Resolve(parsed.GetValue(data)), sequence: false, cancel);
            var log = await ErasureLog.ReadAsync(open.Ledger, open.Directory.TrustPolicy(), cancel);
            var holds = log.Holds.Where(hold => hold.Release is null || parsed.GetValue(all)).ToList();
            if (parsed.IsJson(output))
            {
                WriteJson(holds);
                return ExitCode.Done;
            }

            foreach (var hold in holds)
            {
                var end = hold.Release is { } release ? Screen.Plain($"; lifted on {ErasureWords.Time(release.Time)} by {release.By} ({release.Reason})") : "";
                Console.Out.WriteLine($"{string.Join(", ", hold.Trails)}: {ErasureWords.Tell(hold)}{end}");
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void WriteJson(List<LegalHold> holds) => JsonOutput.Write(json =>
    {
        json.WriteStartArray();
        foreach (var hold in holds)
        {
            json.WriteStartObject();
            json.WriteString("hold", hold.Id);
            json.WriteTexts("trails", hold.Trails.Select(trail => trail.ToString()));
            json.WriteString("by", hold.By);
            json.WriteString("reason", hold.Reason);
            json.WriteString("since", hold.Since);
            json.WriteString("record", hold.Record.ToString());
            if (hold.Release is { } release)
            {
                json.WriteStartObject("release");
                json.WriteString("by", release.By);
                json.WriteString("reason", release.Reason);
                json.WriteString("time", release.Time);
                json.WriteString("record", release.Record.ToString());
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    // One at a time with shredding: a hold that was acknowledged is seen by whoever shreds next.
    private static async Task<int> InTurnAsync(string data, Func<string, OpenLedger, ErasureLog, Task> work, CancellationToken cancel)
    {
        var directory = LedgerDirectory.Open(data);
        using var turn = FileLock.Take(directory.ErasureLockPath, Patience);
        await using var open = await OpenLedger.ReadAsync(data, sequence: false, cancel);
        await work(data, open, await ErasureLog.ReadAsync(open.Ledger, directory.TrustPolicy(), cancel));
        return ExitCode.Done;
    }

    private static async Task RecordAsync(string data, string what, string kind, Action<Utf8JsonWriter> body, CancellationToken cancel)
    {
        await using var trail = await OperatorTrail.StartAsync(data, what, cancel);
        await trail.RecordAsync(kind, body, cancel);
        await trail.EndAsync("done", cancel);
    }

    private static Argument<string> Trace() => new("trace") { Description = "A trace id, or the start of one" };

    private static Option<string> By(string who) => new("--by") { Description = $"{who}: a name that people know; it is recorded", HelpName = "WHO", Required = true };

    private static Option<string> Reason() => new("--reason") { Description = "Why; it is recorded", HelpName = "TEXT", Required = true };
}
