using Cairn.Ledger;
using Microsoft.Data.Sqlite;

namespace Cairn.Trails.Index;

/// <summary>
/// index.db's tables for trails and records. One connection with each command prepared once; not for several threads at a
/// time. The findings' tables in the same file are not touched.
/// </summary>
internal sealed class IndexDatabase : IDisposable
{
    private const long Version = 2;

    // A record is its ordinal: how many records the ledger holds before it. Ordinals stand in blocks of 65,536.
    private const string Schema = """
        CREATE TABLE position(id INTEGER PRIMARY KEY CHECK(id = 1), origin TEXT NOT NULL, seed INTEGER NOT NULL, next INTEGER NOT NULL, records INTEGER NOT NULL);
        CREATE TABLE statement(first INTEGER PRIMARY KEY, place INTEGER NOT NULL);
        CREATE TABLE block(number INTEGER PRIMARY KEY, earliest INTEGER NOT NULL, latest INTEGER NOT NULL);
        CREATE TABLE moment(block INTEGER PRIMARY KEY, times BLOB NOT NULL);
        CREATE TABLE posting(block INTEGER NOT NULL, term INTEGER NOT NULL, ordinals BLOB NOT NULL, PRIMARY KEY(block, term)) WITHOUT ROWID;
        CREATE TABLE name(field INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY(field, text)) WITHOUT ROWID;
        CREATE TABLE act(id BLOB PRIMARY KEY, ordinal INTEGER NOT NULL, tool INTEGER NOT NULL, resource INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE waiting(act BLOB NOT NULL, ordinal INTEGER NOT NULL, term INTEGER NOT NULL, PRIMARY KEY(act, ordinal, term)) WITHOUT ROWID;
        CREATE TABLE trail(
          trace BLOB PRIMARY KEY, first INTEGER NOT NULL, started INTEGER NOT NULL, last INTEGER NOT NULL, root TEXT, root_order TEXT NOT NULL, principal TEXT NOT NULL,
          owner TEXT NOT NULL, records INTEGER NOT NULL, actions INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX trail_by_first ON trail(first, trace);
        CREATE TABLE agent(trace BLOB NOT NULL, agent TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY(trace, agent)) WITHOUT ROWID;
        CREATE TABLE ended(trace BLOB NOT NULL, span TEXT NOT NULL, time INTEGER NOT NULL, status TEXT NOT NULL, PRIMARY KEY(trace, span)) WITHOUT ROWID;
        """;

    private static readonly string[] Tables = ["position", "statement", "block", "moment", "posting", "name", "act", "waiting", "trail", "agent", "ended"];

    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _prepared = [];

    private IndexDatabase(SqliteConnection connection) => _connection = connection;

    /// <summary>The numbers of values in this index.</summary>
    public Term Term { get; private set; }

    /// <summary>Opens the tables; makes them, or makes them anew when they are of another version or ledger.</summary>
    /// <exception cref="SqliteException">The file can't be read or written.</exception>
    public static IndexDatabase Open(LedgerDirectory directory)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = directory.IndexPath, Pooling = false, DefaultTimeout = 60 }.ToString());
        try
        {
            connection.Open();
            var database = new IndexDatabase(connection);
            database.Plain("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY");
            if (!database.IsOf(directory.Origin))
            {
                database.Plain("BEGIN IMMEDIATE");
                if (!database.IsOf(directory.Origin))
                {
                    database.Make(directory.Origin);
                }

                database.Plain("COMMIT");
            }

            database.Term = new Term((long)database.One("SELECT seed FROM position")!);
            return database;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Empties the tables; what the journal holds is to be taken in again.</summary>
    public void Clear(string origin)
    {
        Plain("BEGIN IMMEDIATE");
        Make(origin);
        Plain("COMMIT");
        Term = new Term((long)One("SELECT seed FROM position")!);
    }

    /// <summary>Runs statements that take no values.</summary>
    public void Plain(string sql)
    {
#pragma warning disable CA2100 // every text is a constant of this folder
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    /// <summary>Runs a statement, prepared at its first use. Values are <c>$1</c>, <c>$2</c> and so on.</summary>
    public void Run(string sql, params ReadOnlySpan<object> values) => Bound(sql, values).ExecuteNonQuery();

    /// <summary>The first value of a query; null: no row, or NULL.</summary>
    public object? One(string sql, params ReadOnlySpan<object> values) => Bound(sql, values).ExecuteScalar() is { } found and not DBNull ? found : null;

    /// <summary>Runs a query; the caller disposes the reader before the next use of the same text.</summary>
    public SqliteDataReader Query(string sql, params ReadOnlySpan<object> values) => Bound(sql, values).ExecuteReader();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var command in _prepared.Values)
        {
            command.Dispose();
        }

        _connection.Dispose();
    }

    private bool IsOf(string origin)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_master WHERE name = 'position'";
        if ((long)command.ExecuteScalar()! == 0)
        {
            return false;
        }

        command.CommandText = "PRAGMA user_version";
        if ((long)command.ExecuteScalar()! != Version)
        {
            return false;
        }

        command.CommandText = "SELECT origin FROM position";
        return command.ExecuteScalar() as string == origin;
    }

    private void Make(string origin)
    {
        foreach (var table in Tables)
        {
            Plain($"DROP TABLE IF EXISTS {table}");
        }

        Plain($"{Schema}; PRAGMA user_version = {Version}");
        Run("INSERT INTO position VALUES(1, $1, random(), 0, 0)", origin);
    }

    private SqliteCommand Bound(string sql, ReadOnlySpan<object> values)
    {
        if (!_prepared.TryGetValue(sql, out var command))
        {
            command = _connection.CreateCommand();
#pragma warning disable CA2100 // every text is a constant of this folder
            command.CommandText = sql;
#pragma warning restore CA2100
            for (var i = 0; i < values.Length; i++)
            {
                command.Parameters.AddWithValue($"${i + 1}", values[i]);
            }

            _prepared.Add(sql, command);
            return command;
        }

        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }

        return command;
    }
}
