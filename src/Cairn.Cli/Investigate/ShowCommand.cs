using System.CommandLine;
using Cairn.Cli.Erase;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Ledger;
using Cairn.Ledger.Witnessing;
using Cairn.Trails;

namespace Cairn.Cli.Investigate;

/// <summary><c>cairn show TRACE</c>: one trail as four answers, a tree and a timeline.</summary>
internal static class ShowCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var trace = new Argument<string>("trace") { Description = "A trace id, or the start of one" };
        var at = new Option<string?>("--at") { Description = "As known at that instant: a time, or how long ago (5m, 24h)", HelpName = "TIME" };
        var command = new Command("show", "Show a trail: who, context, tools, what changed") { trace, at, data, output };
        command.SetAction((parsed, cancel) => RunAsync(
            DataOption.Resolve(parsed.GetValue(data)), parsed.GetRequiredValue(trace), parsed.IsJson(output), Screen.Create(), cancel,
            parsed.GetValue(at) is { } text ? TimeText.Parse(text, DateTimeOffset.UtcNow) : null));
        return command;
    }

    public static async Task<int> RunAsync(string data, string trace, bool json, Screen screen, CancellationToken cancel, DateTimeOffset? at = null)
    {
        await using var open = await OpenLedger.ReadAsync(data, sequence: false, cancel);
        var id = open.Resolve(trace);
        var trail = await open.Trails.ReadAsync(id, cancel);
        var brackets = await open.Trails.BracketsAsync(id, open.Directory, cancel);
        var shredding = await ErasureWords.ShreddingAsync(open, trail.Trace, cancel);
        if (at is { } time)
        {
            Console.Error.WriteLine($"as known at {time.UtcDateTime:O}");
            trail = trail.At(time) ?? throw new CliException($"no record of the trail is from {time.UtcDateTime:O} or before: it began at {trail.Started.UtcDateTime:O}");
        }

        var standing = StandingOf(open.Ledger, trail.Trace);
        var revoked = await TrailRevocations.OfAsync(open.Ledger, open.Directory, id, cancel);
        if (json)
        {
            await using var stdout = Console.OpenStandardOutput();
            TrailJson.Write(stdout, trail, shredding, brackets, json =>
            {
                StandingJson.Write(json, "checkpoint", standing);
                RevokedJson.Write(json, revoked);
            });
        }
        else
        {
            TrailScreen.Print(screen, trail, brackets);
            screen.Say($"Checkpoint: {(standing is null ? "none covers the whole trail yet" : $"size {standing.Size}; {standing}")}");
            foreach (var key in revoked)
            {
                screen.Say($"Revoked: {key}");
            }

            if (shredding is not null)
            {
                screen.Say(ErasureWords.Tell(shredding));
            }
        }

        return ExitCode.Done;
    }

    /// <summary>What the newest checkpoint that covers the trail has of witnesses; null when none covers it.</summary>
    private static CheckpointStanding? StandingOf(EmbeddedLedger ledger, TraceId trace)
    {
        var last = ledger.StatementsOf(trace)[^1];
        var covering = new[] { ledger.FinalCheckpoint(), ledger.NewestCheckpoint() }.FirstOrDefault(note => note is not null && Checkpoint.Of(note).Size > last);
        return covering is null ? null : ledger.Standing(covering);
    }
}
