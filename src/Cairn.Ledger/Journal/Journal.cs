using Cairn.Evidence;
using Cairn.Evidence.Merkle;
using Microsoft.Data.Sqlite;

namespace Cairn.Ledger.Journal;

/// <summary>
/// One connection to the journal: SQLite in WAL mode. Not safe for several threads at once. Every process on the data
/// directory opens its own.
/// </summary>
internal sealed class Journal : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _prepared = [];

    private Journal(string path, SqliteConnection connection) => (Path, _connection) = (path, connection);

    public string Path { get; }

    /// <summary>Makes an empty journal.</summary>
    public static void Create(string path, string origin)
    {
        using var journal = Connect(path, SqliteOpenMode.ReadWriteCreate);
        journal.Execute(JournalSchema.Create);
        journal.Run("INSERT INTO meta VALUES('version', $version), ('origin', $origin)", ("$version", JournalSchema.Version.ToString()), ("$origin", origin));
        journal.Run("INSERT INTO head VALUES(1, 0, $root, 0, NULL)", ("$root", MerkleHash.EmptyTree.ToArray()));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>Opens a journal that belongs to that origin.</summary>
    /// <exception cref="LedgerDirectoryException">It is another ledger's, of another version, or damaged.</exception>
    public static Journal Open(string path, string origin)
    {
        Journal? journal = null;
        try
        {
            journal = Connect(path, SqliteOpenMode.ReadWrite);
            var found = journal.Run("SELECT (SELECT value FROM meta WHERE key = 'version') || ' ' || (SELECT value FROM meta WHERE key = 'origin')");
            var expected = $"{JournalSchema.Version} {origin}";
            return found is string text && text == expected
                ? journal
                : throw new LedgerDirectoryException($"{path} should be the journal (version and origin) \"{expected}\", found \"{found ?? "nothing"}\"");
        }
        catch (SqliteException problem)
        {
            journal?.Dispose();
            throw new LedgerDirectoryException($"{path} can't be opened as a journal: {problem.Message}", problem);
        }
        catch (LedgerDirectoryException)
        {
            journal?.Dispose();
            throw;
        }
    }

    /// <summary>The number of statements acknowledged.</summary>
    public long Count() => (long)Run("SELECT coalesce(max(idx) + 1, 0) FROM statement")!;

    public JournalHead Head()
    {
        using var reader = Command("SELECT size, root, time, note FROM head WHERE id = 1").ExecuteReader();
        return reader.Read()
            ? new JournalHead(
                new TreeHead(reader.GetInt64(0), new Digest((byte[])reader[1])),
                DateTimeOffset.FromUnixTimeSeconds(reader.GetInt64(2)),
                reader.IsDBNull(3) ? null : (byte[])reader[3])
            : throw new LedgerInconsistentException($"{Path} has no head row");
    }

    /// <summary>Replaces the signed head if it is still the expected one: of two sequencers at once only one can.</summary>
    public bool TrySetHead(TreeHead expected, JournalHead next) => Execute(
        "UPDATE head SET size = $size, root = $root, time = $time, note = $note WHERE id = 1 AND size = $oldSize AND root = $oldRoot",
        ("$size", next.Head.Size),
        ("$root", next.Head.Root.ToArray()),
        ("$time", next.Time.ToUnixTimeSeconds()),
        ("$note", next.Note!),
        ("$oldSize", expected.Size),
        ("$oldRoot", expected.Root.ToArray())) == 1;

    /// <summary>Statements from an index on, in order, at most <paramref name="count"/> and about <paramref name="bytes"/> bytes (but at least one).</summary>
    public List<JournalRow> Read(long from, long count, long bytes, bool records)
    {
        var rows = new List<JournalRow>();
        var command = Command(records
            ? "SELECT idx, leaf, entry, records FROM statement WHERE idx >= $from ORDER BY idx LIMIT $count"
            : "SELECT idx, leaf, entry FROM statement WHERE idx >= $from ORDER BY idx LIMIT $count");
        Set(command, "$from", from);
        Set(command, "$count", count);
        using var reader = command.ExecuteReader();
        for (var total = 0L; total < bytes && reader.Read();)
        {
            var row = new JournalRow(reader.GetInt64(0), new Digest((byte[])reader[1]), (byte[])reader[2], records ? (byte[])reader[3] : []);
            total += row.Entry.Length + row.Records.Length;
            rows.Add(row);
        }

        return rows;
    }

    /// <summary>Runs a statement and returns the first value, null for none.</summary>
    public object? Run(string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        var found = Bound(sql, values).ExecuteScalar();
        return found is DBNull ? null : found;
    }

    /// <summary>Runs a statement and returns the number of rows changed.</summary>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object Value)> values) => Bound(sql, values).ExecuteNonQuery();

    /// <summary>Runs a query; the caller disposes the reader before the next use of the same text.</summary>
    public SqliteDataReader Query(string sql, params ReadOnlySpan<(string Name, object Value)> values) => Bound(sql, values).ExecuteReader();

    public void Dispose()
    {
        foreach (var command in _prepared.Values)
        {
            command.Dispose();
        }

        _connection.Dispose();
    }

    private static Journal Connect(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = 30 }.ToString());
        connection.Open();
        var journal = new Journal(path, connection);
        using var command = connection.CreateCommand();
        command.CommandText = JournalSchema.Open;
        command.ExecuteNonQuery();
        return journal;
    }

    private SqliteCommand Bound(string sql, ReadOnlySpan<(string Name, object Value)> values)
    {
        var command = Command(sql);
        foreach (var (name, value) in values)
        {
            Set(command, name, value);
        }

        return command;
    }

    private SqliteCommand Command(string sql)
    {
        if (!_prepared.TryGetValue(sql, out var command))
        {
            command = _connection.CreateCommand();
            command.CommandText = sql;
            _prepared.Add(sql, command);
        }

        return command;
    }

    private static void Set(SqliteCommand command, string name, object value)
    {
        if (command.Parameters.Contains(name))
        {
            command.Parameters[name].Value = value;
        }
        else
        {
            command.Parameters.AddWithValue(name, value);
        }
    }
}
