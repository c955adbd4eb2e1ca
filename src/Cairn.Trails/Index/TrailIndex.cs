using Cairn.Evidence;
using Cairn.Ledger;
using Microsoft.Data.Sqlite;

namespace Cairn.Trails.Index;

/// <summary>
/// What investigators list and find: a projection of the journal in index.db. It holds nothing of its own, so it may be
/// deleted at any time and comes back the same. Several processes may keep it up: each piece is one transaction, in turns.
/// Not for several threads at once.
/// </summary>
public sealed class TrailIndex : IDisposable
{
    private const int PieceRecords = OrdinalSet.BlockSize;

    private readonly EmbeddedLedger _ledger;
    private readonly LedgerDirectory _directory;
    private readonly IndexDatabase _database;

    private TrailIndex(EmbeddedLedger ledger, LedgerDirectory directory, IndexDatabase database) => (_ledger, _directory, _database) = (ledger, directory, database);

    /// <summary>How many records are in it.</summary>
    public long Records => (long)_database.One("SELECT records FROM position")!;

    /// <summary>How many of the ledger's statements are in it.</summary>
    public long Statements => (long)_database.One("SELECT next FROM position")!;

    /// <summary>Opens the index of a data directory; makes it, or makes it anew when it is of another version or ledger.</summary>
    /// <exception cref="SqliteException">index.db can't be read or written: <see cref="Remove"/> it.</exception>
    public static TrailIndex Open(EmbeddedLedger ledger, LedgerDirectory directory)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        ArgumentNullException.ThrowIfNull(directory);
        return new TrailIndex(ledger, directory, IndexDatabase.Open(directory));
    }

    /// <summary>Deletes the index with all that others keep in its file: it is made anew from the journal.</summary>
    public static void Remove(LedgerDirectory directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        foreach (var suffix in new[] { "", "-wal", "-shm" })
        {
            File.Delete(directory.IndexPath + suffix);
        }
    }

    /// <summary>Forgets what it holds of trails and records; the next catch-up takes everything in again.</summary>
    public void Clear() => _database.Clear(_directory.Origin);

    /// <summary>Takes in what the journal has since the last time.</summary>
    /// <returns>How many statements were taken in.</returns>
    public Task<long> CatchUpAsync(CancellationToken cancellationToken = default) => CatchUpAsync(null, cancellationToken);

    /// <summary>Takes in what the journal has since the last time.</summary>
    /// <param name="progress">Is told how many records are in after each piece.</param>
    /// <param name="cancellationToken">Stops it between statements; what was written stays.</param>
    /// <returns>How many statements were taken in.</returns>
    public async Task<long> CatchUpAsync(IProgress<long>? progress, CancellationToken cancellationToken = default)
    {
        var taken = 0L;
        while (_ledger.Count() > Statements)
        {
            _database.Plain("BEGIN IMMEDIATE");
            try
            {
                taken += await TakeAsync(cancellationToken);
                _database.Plain("COMMIT");
            }
            catch
            {
                _database.Plain("ROLLBACK");
                throw;
            }

            progress?.Report(Records);
        }

        return taken;
    }

    /// <summary>Finds records, newest first.</summary>
    /// <exception cref="RecordQueryException">The query can't be answered.</exception>
    public Task<RecordPage> FindAsync(RecordQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Limit, 1, nameof(query));
        return new RecordSearch(_database, _ledger).FindAsync(query, cancellationToken);
    }

    /// <summary>All records that a query finds, newest first, a page at a time; its limit is that of a page.</summary>
    public async IAsyncEnumerable<TrailRecord> FindAllAsync(RecordQuery query, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        for (var after = query.After; ;)
        {
            var page = await FindAsync(query with { After = after }, cancellationToken);
            foreach (var record in page.Records)
            {
                yield return record;
            }

            if (page.Next is null)
            {
                yield break;
            }

            after = page.Next;
        }
    }

    /// <summary>The values of a field that match a text with <c>*</c>, ordered.</summary>
    /// <exception cref="RecordQueryException">They are too many.</exception>
    public IReadOnlyList<string> Values(RecordField field, string pattern) => new TermNames(_database).Matching(field, pattern);

    /// <summary>Trails, newest first.</summary>
    public IReadOnlyList<TrailSummary> List(int most = 100)
    {
        using var rows = _database.Query(
            """
            SELECT trace, started, last, principal, owner, records, actions, (SELECT status FROM ended WHERE ended.trace = trail.trace AND span = root)
            FROM trail ORDER BY first DESC, trace LIMIT $1
            """,
            most);
        var trails = new List<TrailSummary>();
        while (rows.Read())
        {
            var trace = (byte[])rows[0];
            trails.Add(new TrailSummary(
                TraceId.Parse(Convert.ToHexStringLower(trace)), Time(rows.GetInt64(1)), Time(rows.GetInt64(2)), rows.GetString(3), rows.GetString(4), Agents(trace),
                rows.GetInt64(5), rows.GetInt64(6), rows.IsDBNull(7) ? "running" : rows.GetString(7)));
        }

        return trails;
    }

    /// <inheritdoc/>
    public void Dispose() => _database.Dispose();

    private static DateTimeOffset Time(long ticks) => new(ticks, TimeSpan.Zero);

    private async Task<long> TakeAsync(CancellationToken cancellationToken)
    {
        var (next, end) = (Statements, _ledger.Count());
        var piece = new IndexPiece(_database, Records);
        var from = next;
        await foreach (var entry in _ledger.ReadAsync(next, end, cancellationToken))
        {
            piece.Take(entry);
            next = entry.Index + 1;
            if (piece.Records >= PieceRecords)
            {
                break;
            }
        }

        if (next == from && from < end)
        {
            throw new InvalidDataException($"the journal has {end} statements and no statement {from}: it is damaged. Run: cairn fsck");
        }

        piece.Write(next);
        return next - from;
    }

    private List<string> Agents(byte[] trace)
    {
        using var rows = _database.Query("SELECT agent FROM agent WHERE trace = $1 ORDER BY number", trace);
        var agents = new List<string>();
        while (rows.Read())
        {
            agents.Add(rows.GetString(0));
        }

        return agents;
    }
}
