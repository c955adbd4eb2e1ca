using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Trails.Index;
using Microsoft.Data.Sqlite;

namespace Cairn.Cli.Investigate;

/// <summary><c>cairn reindex</c>: makes index.db anew from the journal, whatever state it is in.</summary>
internal static class ReindexCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var command = new Command("reindex", "Make the index anew from the journal: it holds nothing of its own") { data };
        command.SetAction((parsed, cancel) => RunAsync(DataOption.Resolve(parsed.GetValue(data)), cancel));
        return command;
    }

    public static async Task<int> RunAsync(string data, CancellationToken cancel)
    {
        await using var open = await OpenLedger.ReadAsync(data, sequence: false, cancel);
        try
        {
            // Emptied in place, so that others who have it open go on in the same file.
            using var index = TrailIndex.Open(open.Ledger, open.Directory);
            index.Clear();
        }
        catch (SqliteException problem)
        {
            Console.Error.WriteLine($"cairn: {open.Directory.IndexPath} is no index ({problem.Message}): removed. Findings are made anew at the next cairn check");
            TrailIndex.Remove(open.Directory);
        }

        var clock = System.Diagnostics.Stopwatch.StartNew();
        return await OpenIndex.UseAsync(
            open,
            index =>
            {
                Console.Error.WriteLine($"{open.Directory.IndexPath}: {index.Records:N0} records of {index.Statements:N0} statements in {clock.Elapsed.TotalSeconds:0.0} s");
                return Task.FromResult(ExitCode.Done);
            },
            cancel);
    }
}
