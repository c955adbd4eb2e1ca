using Cairn.Cli.Terminal;
using Cairn.Trails.Index;
using Spectre.Console;

namespace Cairn.Cli.Investigate.Find;

/// <summary>Found records on the terminal.</summary>
internal static class FoundTable
{
    public static void Print(Screen screen, IReadOnlyList<RecordFacts> found)
    {
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns("time (UTC)", "trail", "kind", "agent", "on", "result", "record");
        foreach (var facts in found)
        {
            var record = facts.Entry.Record;
            table.AddRow(
                new Text($"{record.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss.fff}"),
                new Text(record.Trace.ToString()[..8]),
                new Text(record.Kind),
                new Text(record.Actor.Id.Path.Split('/')[^1]),
                new Text(Screen.Plain(On(facts))),
                new Text(Screen.Plain(Result(facts))),
                new Text(record.Id.ToString()));
        }

        screen.Console.Write(table);
    }

    private static string On(RecordFacts facts) => facts.Tool ?? facts.Resource ?? (facts.Credential is { } id ? $"credential {id}" : facts.Person ?? "");

    private static string Result(RecordFacts facts) => facts.Decision ?? facts.Status ?? "";
}
