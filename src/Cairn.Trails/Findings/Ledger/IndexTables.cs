using Microsoft.Data.Sqlite;

namespace Cairn.Trails.Findings;

/// <summary>The tables that findings are kept in, beside the trail list's in index.db. They hold nothing that the journal does not tell.</summary>
internal sealed class IndexTables : IDisposable
{
    private const long Version = 2;

    private const string Schema = """
        CREATE TABLE check_state(id INTEGER PRIMARY KEY CHECK(id = 1), version INTEGER NOT NULL, origin TEXT NOT NULL, options TEXT NOT NULL, next INTEGER NOT NULL);
        CREATE TABLE check_trail(trace TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, records INTEGER NOT NULL, checked INTEGER NOT NULL, dirty INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX check_trail_dirty ON check_trail(first, trace) WHERE dirty > 0;
        CREATE TABLE check_credential(id TEXT NOT NULL, record TEXT NOT NULL, trace TEXT NOT NULL, issuer TEXT NOT NULL, stream TEXT NOT NULL, place INTEGER NOT NULL, bytes BLOB NOT NULL,
          PRIMARY KEY(id, record, stream)) WITHOUT ROWID;
        CREATE TABLE check_holding(id TEXT NOT NULL, trace TEXT NOT NULL, agent TEXT NOT NULL, record TEXT NOT NULL, time INTEGER NOT NULL, PRIMARY KEY(id, trace, agent)) WITHOUT ROWID;
        CREATE INDEX check_holding_by_trace ON check_holding(trace);
        CREATE TABLE finding(trace TEXT NOT NULL, rule TEXT NOT NULL, key TEXT NOT NULL, place INTEGER NOT NULL, subject TEXT NOT NULL, expected TEXT NOT NULL, found TEXT NOT NULL,
          records TEXT NOT NULL, settled INTEGER, PRIMARY KEY(trace, rule, key)) WITHOUT ROWID;
        """;

    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _prepared = new(StringComparer.Ordinal);

    private IndexTables(SqliteConnection connection) => _connection = connection;

    /// <summary>Opens the tables; makes them, or makes them anew when they are of another version or ledger.</summary>
    /// <exception cref="SqliteException">The file can't be read or written: delete it.</exception>
    public static IndexTables Open(string path, string origin)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 30 }.ToString());
        connection.Open();
        var tables = new IndexTables(connection);
        tables.Run("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
        tables.Run("BEGIN IMMEDIATE");
        var known = (long)tables.One("SELECT count(*) FROM sqlite_master WHERE name = 'check_state'")! == 1
            && (long)tables.One("SELECT count(*) FROM check_state WHERE version = $version AND origin = $origin", ("$version", Version), ("$origin", origin))! == 1;
        if (!known)
        {
            tables.Run("DROP TABLE IF EXISTS check_state; DROP TABLE IF EXISTS check_trail; DROP TABLE IF EXISTS check_credential; DROP TABLE IF EXISTS check_holding; DROP TABLE IF EXISTS finding");
            tables.Run(Schema);
            tables.Run("INSERT INTO check_state VALUES(1, $version, $origin, '', 0)", ("$version", Version), ("$origin", origin));
        }

        tables.Run("COMMIT");
        return tables;
    }

    /// <summary>Does all of the work or none of it, in turns with other processes.</summary>
    public async Task<T> WholeAsync<T>(Func<Task<T>> work)
    {
        Run("BEGIN IMMEDIATE");
        try
        {
            var result = await work();
            Run("COMMIT");
            return result;
        }
        catch
        {
            Run("ROLLBACK");
            throw;
        }
    }

    public void Run(string sql, params ReadOnlySpan<(string Name, object? Value)> values) => Command(sql, values).ExecuteNonQuery();

    public object? One(string sql, params ReadOnlySpan<(string Name, object? Value)> values) => Command(sql, values).ExecuteScalar();

    public List<T> All<T>(Func<SqliteDataReader, T> read, string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        using var reader = Command(sql, values).ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    public void Dispose()
    {
        foreach (var command in _prepared.Values)
        {
            command.Dispose();
        }

        _connection.Dispose();
    }

    // Prepared once, used for every trail: making them anew would cost more than running them.
#pragma warning disable CA2100 // every text is a constant of this assembly; values are parameters
    private SqliteCommand Command(string sql, ReadOnlySpan<(string Name, object? Value)> values)
    {
        if (!_prepared.TryGetValue(sql, out var command))
        {
            command = _connection.CreateCommand();
            command.CommandText = sql;
            _prepared[sql] = command;
        }

        foreach (var (name, value) in values)
        {
            if (command.Parameters.Contains(name))
            {
                command.Parameters[name].Value = value ?? DBNull.Value;
            }
            else
            {
                command.Parameters.AddWithValue(name, value ?? DBNull.Value);
            }
        }

        return command;
    }
#pragma warning restore CA2100
}
