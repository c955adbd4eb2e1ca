using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Microsoft.Data.Sqlite;

namespace Cairn.Witness.Storage;

/// <summary>
/// A witness's memory: SQLite, each commit fsynced. Whole signed checkpoints are kept, since size and root alone prove
/// nothing to anybody else. Safe for several threads.
/// </summary>
internal sealed class WitnessStore : IDisposable
{
    // A log's own key is needed to get a row here; still a log gone mad must not fill the disk of its witness.
    private const int MostRefused = 10_000;

    // SQLITE_IOERR_FSYNC, _DIR_FSYNC, _CLOSE, _DIR_CLOSE: https://www.sqlite.org/rescode.html
    private static readonly int[] FsyncCodes = [1034, 1290, 4106, 4362];

    private readonly Lock _gate = new();
    private readonly SqliteConnection _connection;

    private WitnessStore(SqliteConnection connection) => _connection = connection;

    /// <summary>Makes the memory of a witness that has signed nothing.</summary>
    public static void Create(string path, IEnumerable<VerifierKey> keys)
    {
        using var store = Connect(path, SqliteOpenMode.ReadWriteCreate);
        store.Run(WitnessSchema.Create);
        store.Run("INSERT INTO meta VALUES('version', $version), ('keys', $keys)", ("$version", WitnessSchema.Version), ("$keys", Names(keys)));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    /// <summary>Opens the memory that belongs to these keys.</summary>
    /// <exception cref="WitnessException">It is damaged, of another version, or other keys'.</exception>
    public static WitnessStore Open(string path, IEnumerable<VerifierKey> keys)
    {
        WitnessStore? store = null;
        try
        {
            store = Connect(path, SqliteOpenMode.ReadWrite);
            var found = store.Query("SELECT key, value FROM meta ORDER BY key", static row => (row.GetString(0), row.GetString(1)));
            return found.SequenceEqual([("keys", Names(keys)), ("version", WitnessSchema.Version)])
                ? store
                : throw new WitnessException($"{path} is the memory of other keys or of another version ({string.Join(", ", found.Select(pair => $"{pair.Item1} {pair.Item2}"))}); expected version {WitnessSchema.Version} of {Names(keys)}");
        }
        catch (Exception problem) when (problem is SqliteException or WitnessException)
        {
            store?.Dispose();
            throw problem as WitnessException ?? new WitnessException($"{path} can't be opened as a witness's memory: {problem.Message}", problem);
        }
    }

    /// <summary>The latest checkpoint cosigned of a log; null for none.</summary>
    public CosignedHead? Latest(string origin) => Query(
        "SELECT size, root, time FROM head WHERE origin = $origin",
        static row => (CosignedHead?)new CosignedHead(HeadOf(row), DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(2))),
        ("$origin", origin)).FirstOrDefault();

    /// <summary>A cosigned checkpoint of that size, whole; null when that size was never cosigned.</summary>
    public SignedNote? Checkpoint(string origin, long size) => Query(
        "SELECT note FROM checkpoint WHERE origin = $origin AND size = $size", static row => SignedNote.Parse((byte[])row[0]), ("$origin", origin), ("$size", size)).FirstOrDefault();

    /// <summary>Cosigned heads from a size on, ascending.</summary>
    public List<CosignedHead> History(string origin, long from, int most) => Query(
        "SELECT size, root, time FROM checkpoint WHERE origin = $origin AND size >= $from ORDER BY size LIMIT $most",
        static row => new CosignedHead(HeadOf(row), DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(2))),
        ("$origin", origin), ("$from", from), ("$most", most));

    /// <summary>The signed heads of a log that were refused, oldest first.</summary>
    public List<RefusedHead> Refused(string origin) => Query(
        "SELECT size, root, time, reason, request FROM refused WHERE origin = $origin ORDER BY time, size",
        static row => new RefusedHead(HeadOf(row), DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(2)), row.GetString(3), (byte[])row[4]),
        ("$origin", origin));

    /// <summary>
    /// Makes a checkpoint the latest if <paramref name="expected"/> still is; durable when it returns true. Check and store are
    /// one transaction: of two requests from the same old size at most one passes.
    /// </summary>
    public bool TryAdvance(string origin, CosignedHead? expected, CosignedHead next, SignedNote note)
    {
        using var turn = _gate.EnterScope();
        using var transaction = _connection.BeginTransaction(deferred: false);
        if (LatestIn(origin) != expected)
        {
            return false;
        }

        foreach (var sql in new[]
        {
            "INSERT INTO head VALUES($origin, $size, $root, $time) ON CONFLICT DO UPDATE SET size = $size, root = $root, time = $time",
            "INSERT INTO checkpoint VALUES($origin, $size, $root, $time, $note) ON CONFLICT DO UPDATE SET time = $time, note = $note WHERE root = $root",
        })
        {
            using var command = Command(sql, [("$origin", origin), ("$size", next.Head.Size), ("$root", next.Head.Root.ToArray()), ("$time", next.Time.ToUnixTimeSeconds()), ("$note", note.Encode())]);
            if (command.ExecuteNonQuery() != 1)
            {
                return false;
            }
        }

        Commit(transaction);
        return true;
    }

    /// <summary>Keeps a request whose checkpoint the log did sign and that was refused. False: it is kept already, or enough are.</summary>
    public bool TryKeepRefused(string origin, RefusedHead refused)
    {
        using var turn = _gate.EnterScope();
        using var transaction = _connection.BeginTransaction(deferred: false);
        using var command = Command(
            "INSERT OR IGNORE INTO refused SELECT $origin, $size, $root, $time, $reason, $request WHERE (SELECT count(*) FROM refused WHERE origin = $origin) < $most",
            [("$origin", origin), ("$size", refused.Head.Size), ("$root", refused.Head.Root.ToArray()), ("$time", refused.Time.ToUnixTimeSeconds()), ("$reason", refused.Reason), ("$request", refused.Request), ("$most", MostRefused)]);
        var isNew = command.ExecuteNonQuery() == 1;
        Commit(transaction);
        return isNew;
    }

    public void Dispose() => _connection.Dispose();

    private static TreeHead HeadOf(SqliteDataReader row) => new(row.GetInt64(0), new Digest((byte[])row[1]));

    private static string Names(IEnumerable<VerifierKey> keys) => string.Join(' ', keys.Select(key => $"{key.Name}+{key.KeyId:x8}"));

    private static WitnessStore Connect(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ToString());
        try
        {
            connection.Open();
            var store = new WitnessStore(connection);
            store.Run(WitnessSchema.Open);
            return store;
        }
        catch (SqliteException)
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>After a failed fsync nobody knows what the disk holds: nothing may be cosigned on top of it by this process.</summary>
    private static void Commit(SqliteTransaction transaction)
    {
        try
        {
            transaction.Commit();
        }
        catch (SqliteException problem) when (FsyncCodes.Contains(problem.SqliteExtendedErrorCode))
        {
            Environment.FailFast("cairn: fsync failed on the witness's memory", problem);
        }
    }

    private CosignedHead? LatestIn(string origin)
    {
        using var command = Command("SELECT size, root, time FROM head WHERE origin = $origin", [("$origin", origin)]);
        using var row = command.ExecuteReader();
        return row.Read() ? new CosignedHead(HeadOf(row), DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(2))) : null;
    }

    private List<T> Query<T>(string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<(string Name, object Value)> values)
    {
        using var turn = _gate.EnterScope();
        using var command = Command(sql, values);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    private void Run(string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        using var turn = _gate.EnterScope();
        using var command = Command(sql, values);
        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql, ReadOnlySpan<(string Name, object Value)> values)
    {
        var command = _connection.CreateCommand();
#pragma warning disable CA2100 // every text is a constant of this file
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in values)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }
}
