using Cairn.Cli.Terminal;
using Cairn.Trails.Index;
using Microsoft.Data.Sqlite;

namespace Cairn.Cli.Investigate;

/// <summary>The index of an open ledger, for work that is given it.</summary>
internal static class OpenIndex
{
    /// <summary>Brings the index up to the ledger and works with it.</summary>
    /// <exception cref="CliException">The index can't be used.</exception>
    public static async Task<T> UseAsync<T>(OpenLedger open, Func<TrailIndex, Task<T>> work, CancellationToken cancel)
    {
        try
        {
            using var index = TrailIndex.Open(open.Ledger, open.Directory);
            var behind = open.Ledger.Count() - index.Statements;
            await index.CatchUpAsync(behind > 5000 ? new Progress(index.Statements, open.Ledger.Count()) : null, cancel);
            return await work(index);
        }
        catch (Exception problem) when (problem is SqliteException or InvalidDataException)
        {
            throw new CliException($"the index {open.Directory.IndexPath} can't be used: {problem.Message}. It holds nothing of its own and can be made anew", $"cairn reindex --data {open.Directory.Root}");
        }
        catch (RecordQueryException problem)
        {
            throw new CliException(problem.Message);
        }
    }

    /// <summary>Tells on stderr how far the index has come, where that takes long.</summary>
    public sealed class Progress(long from, long to) : IProgress<long>
    {
        private long _told = Environment.TickCount64;

        public void Report(long records)
        {
            if (Environment.TickCount64 - _told > 2000)
            {
                _told = Environment.TickCount64;
                Console.Error.WriteLine($"cairn: {records:N0} records in the index (statements {from:N0} to {to:N0} are being taken in)");
            }
        }
    }
}
