using Cairn.Evidence;
using Microsoft.Data.Sqlite;

namespace Cairn.Ledger.Vault;

/// <summary>A trail's row: its key under the key-encryption key <paramref name="Kek"/>; both null once it was shredded.</summary>
internal readonly record struct VaultRow(string Trace, byte[]? Key, string? Kek);

/// <summary>The vault's tables (docs/spec/data-directory.md §6), for one caller at a time.</summary>
internal sealed class VaultStore : IDisposable
{
    private readonly SqliteConnection _connection;

    private VaultStore(SqliteConnection connection, string path) => (_connection, Path) = (connection, path);

    /// <summary>The vault's file.</summary>
    public string Path { get; }

    /// <summary>Changes whenever another process changed the vault.</summary>
    public long Version => (long)Command("PRAGMA data_version").ExecuteScalar()!;

    public static VaultStore Open(string path)
    {
        if (!File.Exists(path))
        {
            using (new FileStream(path, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.ReadWrite, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            {
            }
        }

        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 30 }.ToString());
        connection.Open();
        var store = new VaultStore(connection, path);
        store.Run("PRAGMA busy_timeout=20000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; CREATE TABLE IF NOT EXISTS trail(trace TEXT PRIMARY KEY, key BLOB) WITHOUT ROWID; CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;");
        return store;
    }

    /// <summary>A transaction that nobody else writes beside.</summary>
    public SqliteTransaction Begin() => _connection.BeginTransaction(deferred: false);

    /// <summary>A word about the vault: <c>format</c>, <c>kek</c> (the key in use), <c>kek_file</c>, <c>unfinished</c>, <c>retiring</c>, <c>token_keys</c>.</summary>
    public string? Meta(string name) => Command("SELECT value FROM meta WHERE name = $name", ("$name", name)).ExecuteScalar() as string;

    /// <summary>Sets such a word, or takes it away.</summary>
    public void SetMeta(string name, string? value)
    {
        if (value is null)
        {
            Run("DELETE FROM meta WHERE name = $name", ("$name", name));
        }
        else
        {
            Run("INSERT INTO meta(name, value) VALUES($name, $value) ON CONFLICT(name) DO UPDATE SET value = $value", ("$name", name), ("$value", value));
        }
    }

    /// <summary>A trail's row.</summary>
    public VaultRow? Find(TraceId trace)
    {
        using var reader = Command("SELECT trace, key, kek FROM trail WHERE trace = $trace", ("$trace", trace.ToString())).ExecuteReader();
        return reader.Read() ? Row(reader) : null;
    }

    /// <summary>All rows.</summary>
    public List<VaultRow> All()
    {
        using var reader = Command("SELECT trace, key, kek FROM trail").ExecuteReader();
        var rows = new List<VaultRow>();
        while (reader.Read())
        {
            rows.Add(Row(reader));
        }

        return rows;
    }

    /// <summary>Puts a row in, or in the place of the trail's last one.</summary>
    public void Put(VaultRow row) => Run(
        "INSERT INTO trail(trace, key, kek) VALUES($trace, $key, $kek) ON CONFLICT(trace) DO UPDATE SET key = $key, kek = $kek",
        ("$trace", row.Trace), ("$key", row.Key), ("$kek", row.Kek));

    /// <summary>The rows of a vault of the first format, whose keys lay in clear; the table then has the column that it lacked.</summary>
    public List<VaultRow> AddKekColumn()
    {
        if ((long)Command("SELECT count(*) FROM pragma_table_info('trail') WHERE name = 'kek'").ExecuteScalar()! == 0)
        {
            Run("ALTER TABLE trail ADD COLUMN kek TEXT");
        }

        return All();
    }

    /// <summary>Makes sure that nothing of what was deleted or replaced is left in the vault's file or its log.</summary>
    /// <exception cref="LedgerDirectoryException">Another process reads it without end.</exception>
    public void Purge()
    {
        Run("VACUUM");
        using var reader = Command("PRAGMA wal_checkpoint(TRUNCATE)").ExecuteReader();
        if (reader.Read() && reader.GetInt64(0) != 0)
        {
            throw new LedgerDirectoryException($"old keys may still lie in {Path}-wal: another process held the vault for too long; run `cairn vault rotate`");
        }
    }

    public void Dispose() => _connection.Dispose();

    private static VaultRow Row(SqliteDataReader reader) => new(reader.GetString(0), reader[1] as byte[], reader[2] as string);

    private void Run(string sql, params (string Name, object? Value)[] values) => Command(sql, values).ExecuteNonQuery();

    private SqliteCommand Command(string sql, params (string Name, object? Value)[] values)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }
}
