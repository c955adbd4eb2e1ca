using System.CommandLine;
using System.Text.Json;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Trails.Index;
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
            var most = Math.Max(1, parsed.GetValue(limit));
            var trails = await ListAsync(open, most + 1, cancel);
            var shown = trails.Take(most).ToList();
            if (parsed.IsJson(output))
            {
                WriteJson(shown);
            }
            else
            {
                Print(Screen.Create(), shown);
            }

            if (shown.Count < trails.Count)
            {
                Console.Error.WriteLine($"the newest {shown.Count} trails; more with --limit N");
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static Task<IReadOnlyList<TrailSummary>> ListAsync(OpenLedger open, int most, CancellationToken cancel) =>
        OpenIndex.UseAsync(open, index => Task.FromResult(index.List(most)), cancel);

    private static void Print(Screen screen, List<TrailSummary> trails)
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
            table.AddRow(
                new Text(trail.Trace.ToString()[..12]),
                new Text(trail.Started.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss")),
                new Text(trail.Principal.Length > 0 ? trail.Principal : "not recorded"),
                new Text(string.Join(", ", trail.Agents.Select(Short))),
                new Text($"{trail.Actions}"),
                new Text($"{trail.Records}"),
                new Text(trail.Status));
        }

        screen.Console.Write(table);
    }

    private static string Short(string agent) => SpiffeId.TryParse(agent, out var id) ? id.Path.Split('/')[^1] : agent;

    private static void WriteJson(List<TrailSummary> trails)
    {
        using var output = Console.OpenStandardOutput();
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true });
        json.WriteStartArray();
        foreach (var trail in trails)
        {
            json.WriteStartObject();
            json.WriteString("trace", trail.Trace.ToString());
            json.WriteString("started", trail.Started);
            json.WriteString("last_record", trail.Last);
            json.WriteString("principal", trail.Principal);
            json.WriteString("owner", trail.Owner);
            json.WriteStartArray("agents");
            foreach (var agent in trail.Agents)
            {
                json.WriteStringValue(agent);
            }

            json.WriteEndArray();
            json.WriteNumber("actions", trail.Actions);
            json.WriteNumber("records", trail.Records);
            json.WriteString("status", trail.Status);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.Flush();
        output.WriteByte((byte)'\n');
    }
}
