using System.CommandLine;
using System.Text.Json;
using Cairn.Cli.Terminal;
using Cairn.Ledger;

namespace Cairn.Cli.Operate;

/// <summary><c>cairn fsck</c>: recomputes the whole ledger from its entry bundles and reports.</summary>
internal static class FsckCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var command = new Command("fsck", "Recompute the whole ledger from its entries and report what is wrong") { data, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var directory = LedgerDirectory.Open(DataOption.Resolve(parsed.GetValue(data)));
            var report = await Fsck.RunAsync(directory, Console.IsErrorRedirected ? null : new Progress<long>(count => Console.Error.Write($"\r{count} statements …")), cancel);
            if (!Console.IsErrorRedirected)
            {
                Console.Error.Write("\r                              \r");
            }

            if (parsed.IsJson(output))
            {
                WriteJson(directory, report);
            }
            else
            {
                Print(directory, report);
            }

            return report.IsSound ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    private static void Print(LedgerDirectory directory, FsckReport report)
    {
        Console.Out.WriteLine($"{(report.IsSound ? "sound" : "NOT SOUND")}: {directory.Origin} at {directory.Root}");
        Console.Out.WriteLine($"  checkpoint of size {report.Checkpoint}; {report.Statements} statements with {report.Records} records; {report.Tiles} tiles and bundles; {report.Waiting} statements wait for a checkpoint");
        foreach (var problem in report.Problems)
        {
            Console.Out.WriteLine($"  {problem}");
        }

        foreach (var note in report.Notes)
        {
            Console.Out.WriteLine($"  note: {note}");
        }
    }

    private static void WriteJson(LedgerDirectory directory, FsckReport report)
    {
        using var output = Console.OpenStandardOutput();
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteBoolean("sound", report.IsSound);
        json.WriteString("origin", directory.Origin);
        json.WriteNumber("checkpoint", report.Checkpoint);
        json.WriteNumber("statements", report.Statements);
        json.WriteNumber("records", report.Records);
        json.WriteNumber("tiles", report.Tiles);
        json.WriteNumber("waiting", report.Waiting);
        json.WriteStartArray("problems");
        foreach (var problem in report.Problems)
        {
            json.WriteStartObject();
            json.WriteString("code", problem.Code);
            json.WriteString("place", problem.Place);
            json.WriteString("expected", problem.Expected);
            json.WriteString("found", problem.Found);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("notes");
        foreach (var note in report.Notes)
        {
            json.WriteStringValue(note);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        output.WriteByte((byte)'\n');
    }
}
