using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Trails;
using Spectre.Console;

namespace Cairn.Cli.Investigate;

/// <summary><c>cairn trails</c>: what was recorded, newest first.</summary>
internal static class TrailsCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var limit = new Option<int>("--limit", "-n") { Description = "At most this many", HelpName = "N", DefaultValueFactory = _ => 20 };
        var command = new Command("trails", "List trails, newest first") { data, output, limit };
        command.SetAction(async (parsed, cancel) =>
        {
            await using var open = await OpenLedger.ReadAsync(DataOption.Resolve(parsed.GetValue(data)), sequence: false, cancel);
            var traces = open.Trails.List();
            var shown = new List<Trail>();
            foreach (var trace in traces.Take(Math.Max(0, parsed.GetValue(limit))))
            {
                shown.Add(await open.Trails.ReadAsync(trace, cancel));
            }

            if (parsed.IsJson(output))
            {
                TrailJson.WriteList(Console.OpenStandardOutput(), shown);
                return ExitCode.Done;
            }

            Print(Screen.Create(), shown);
            if (shown.Count < traces.Count)
            {
                Console.Error.WriteLine($"{shown.Count} of {traces.Count} trails; more with --limit {traces.Count}");
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void Print(Screen screen, List<Trail> trails)
    {
        if (trails.Count == 0)
        {
            Console.Error.WriteLine("no trails yet. Try: cairn mcp -- COMMAND, or cairn demo");
            return;
        }

        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns("trace", "started (UTC)", "initiated by", "agents", "actions", "records", "status");
        foreach (var trail in trails)
        {
            var agents = trail.Records.Select(record => record.Record.Actor.Id.Path.Split('/')[^1]).Distinct().ToList();
            table.AddRow(
                new Text(trail.Trace.ToString()[..12]),
                new Text(trail.Started.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss")),
                new Text(trail.Root?.Initiation.Principal ?? "not recorded"),
                new Text(string.Join(", ", agents)),
                new Text(trail.Actions.Count.ToString()),
                new Text(trail.Records.Count.ToString()),
                new Text(trail.Status));
        }

        screen.Console.Write(table);
    }
}
