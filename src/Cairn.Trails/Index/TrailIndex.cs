using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Ledger;
using Microsoft.Data.Sqlite;

namespace Cairn.Trails.Index;

/// <summary>
/// What investigators list: a projection of the journal in index.db. It holds nothing of its own, so it may be deleted
/// at any time and comes back the same. Several processes may keep it up: each catch-up is one transaction, in turns.
/// </summary>
public sealed class TrailIndex : IDisposable
{
    private const int Version = 1;
    private const long Piece = 2000;

    private const string Schema = """
        CREATE TABLE position(id INTEGER PRIMARY KEY CHECK(id = 1), origin TEXT NOT NULL, next INTEGER NOT NULL);
        CREATE TABLE trail(
          trace TEXT PRIMARY KEY, first INTEGER NOT NULL, started INTEGER NOT NULL, last INTEGER NOT NULL, root TEXT, principal TEXT NOT NULL,
          owner TEXT NOT NULL, records INTEGER NOT NULL, actions INTEGER NOT NULL, status TEXT NOT NULL) WITHOUT ROWID;
        CREATE INDEX trail_by_first ON trail(first);
        CREATE TABLE agent(trace TEXT NOT NULL, number INTEGER NOT NULL, agent TEXT NOT NULL, PRIMARY KEY(trace, agent)) WITHOUT ROWID;
        """;

    private readonly EmbeddedLedger _ledger;
    private readonly SqliteConnection _connection;

    private TrailIndex(EmbeddedLedger ledger, SqliteConnection connection) => (_ledger, _connection) = (ledger, connection);

    /// <summary>Opens the index of a data directory; makes it, or makes it anew when it is of another version or ledger.</summary>
    /// <exception cref="SqliteException">index.db can't be read or written: delete it.</exception>
    public static TrailIndex Open(EmbeddedLedger ledger, LedgerDirectory directory)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = directory.IndexPath, Pooling = false, DefaultTimeout = 30 }.ToString());
        connection.Open();
        var index = new TrailIndex(ledger, connection);
        index.Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
        index.Execute("BEGIN IMMEDIATE");
        if (index.Scalar("PRAGMA user_version") is not (long)Version || index.Scalar("SELECT origin FROM position") as string != directory.Origin)
        {
            index.Execute("DROP TABLE IF EXISTS position; DROP TABLE IF EXISTS trail; DROP TABLE IF EXISTS agent");
            index.Execute($"{Schema}; PRAGMA user_version = {Version}");
            index.Execute("INSERT INTO position VALUES(1, $origin, 0)", ("$origin", directory.Origin));
        }

        index.Execute("COMMIT");
        return index;
    }

    /// <summary>Takes in what the journal has since the last time.</summary>
    /// <returns>How many statements were taken in.</returns>
    public async Task<long> CatchUpAsync(CancellationToken cancellationToken = default)
    {
        var taken = 0L;
        while (true)
        {
            Execute("BEGIN IMMEDIATE");
            try
            {
                var next = (long)Scalar("SELECT next FROM position")!;
                var end = Math.Min(_ledger.Count(), next + Piece);
                await foreach (var entry in _ledger.ReadAsync(next, end, cancellationToken))
                {
                    foreach (var record in entry.Records)
                    {
                        Take(entry.Index, Record.Parse(record));
                    }

                    taken++;
                }

                Execute("UPDATE position SET next = $next", ("$next", Math.Max(end, next)));
                Execute("COMMIT");
                if (end >= _ledger.Count())
                {
                    return taken;
                }
            }
            catch
            {
                Execute("ROLLBACK");
                throw;
            }
        }
    }

    /// <summary>Trails, newest first.</summary>
    public IReadOnlyList<TrailSummary> List(int most = 100)
    {
        using var command = Command("SELECT trace, started, last, principal, owner, records, actions, status FROM trail ORDER BY first DESC, trace LIMIT $most", ("$most", most));
        using var reader = command.ExecuteReader();
        var trails = new List<TrailSummary>();
        while (reader.Read())
        {
            var trace = reader.GetString(0);
            trails.Add(new TrailSummary(
                TraceId.Parse(trace), Time(reader.GetInt64(1)), Time(reader.GetInt64(2)), reader.GetString(3), reader.GetString(4), Agents(trace),
                reader.GetInt64(5), reader.GetInt64(6), reader.GetString(7)));
        }

        return trails;
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private static DateTimeOffset Time(long ticks) => new(ticks, TimeSpan.Zero);

    private static string Member(Record record, string name) =>
        record.Body.TryGetProperty(name, out var value) && value.ValueKind == System.Text.Json.JsonValueKind.String ? value.GetString()! : "";

    private void Take(long index, Record record)
    {
        var trace = record.Trace.ToString();
        Execute(
            """
            INSERT INTO trail VALUES($trace, $index, $time, $time, NULL, '', $owner, 1, $action, 'running')
            ON CONFLICT DO UPDATE SET records = records + 1, actions = actions + excluded.actions,
              started = min(started, excluded.started), last = max(last, excluded.last)
            """,
            ("$trace", trace), ("$index", index), ("$time", record.Time.UtcTicks), ("$owner", record.Actor.Owner), ("$action", record.Kind == RecordKinds.ActionRequested ? 1 : 0));
        Execute(
            "INSERT INTO agent SELECT $trace, count(*), $agent FROM agent WHERE trace = $trace ON CONFLICT DO NOTHING",
            ("$trace", trace), ("$agent", record.Actor.Id.ToString()));
        if (record.Kind == RecordKinds.TaskStarted)
        {
            // The root is the start without a parent; where none was recorded, the first start stands for it.
            Execute(
                "UPDATE trail SET root = $span, principal = $principal, owner = $owner WHERE trace = $trace AND (root IS NULL OR $root)",
                ("$trace", trace), ("$span", record.Span.ToString()), ("$principal", Member(record, "principal")), ("$owner", record.Actor.Owner), ("$root", record.Parent is null ? 1 : 0));
        }
        else if (record.Kind == RecordKinds.TaskEnded)
        {
            Execute("UPDATE trail SET status = $status WHERE trace = $trace AND root = $span", ("$trace", trace), ("$span", record.Span.ToString()), ("$status", Member(record, "status")));
        }
    }

    private List<string> Agents(string trace)
    {
        using var command = Command("SELECT agent FROM agent WHERE trace = $trace ORDER BY number", ("$trace", trace));
        using var reader = command.ExecuteReader();
        var agents = new List<string>();
        while (reader.Read())
        {
            agents.Add(reader.GetString(0));
        }

        return agents;
    }

    private void Execute(string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        using var command = Command(sql, values);
        command.ExecuteNonQuery();
    }

    private object? Scalar(string sql)
    {
        // A new file has no table yet.
        if (sql.Contains("position", StringComparison.Ordinal))
        {
            using var known = Command("SELECT count(*) FROM sqlite_master WHERE name = 'position'");
            if ((long)known.ExecuteScalar()! == 0)
            {
                return null;
            }
        }

        using var command = Command(sql);
        return command.ExecuteScalar();
    }

#pragma warning disable CA2100 // every text is a constant of this class; values are parameters
    private SqliteCommand Command(string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }
#pragma warning restore CA2100
}
