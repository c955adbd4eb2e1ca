using System.Security.Cryptography;
using Cairn.Evidence;
using Microsoft.Data.Sqlite;

namespace Cairn.Ledger;

/// <summary>
/// The trails' keys, from which content and commitment keys are derived. Deleting one shreds the trail's content; its
/// records still verify. One file (mode 0600) for all processes on a data directory.
/// </summary>
public sealed class TrailVault : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Lock _turn = new();
    private readonly Dictionary<TraceId, byte[]> _known = [];

    private TrailVault(SqliteConnection connection) => _connection = connection;

    /// <summary>Opens the vault, or makes it.</summary>
    /// <exception cref="LedgerDirectoryException">It can't be opened.</exception>
    public static TrailVault Open(string path)
    {
        try
        {
            if (!File.Exists(path))
            {
                using (new FileStream(path, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.ReadWrite, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
                {
                }
            }

            var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 30 }.ToString());
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA busy_timeout=20000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; CREATE TABLE IF NOT EXISTS trail(trace TEXT PRIMARY KEY, key BLOB) WITHOUT ROWID;";
            command.ExecuteNonQuery();
            return new TrailVault(connection);
        }
        catch (Exception problem) when (problem is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new LedgerDirectoryException($"the vault {path} can't be opened: {problem.Message}", problem);
        }
    }

    /// <summary>The trail's key of 32 bytes; makes it, durably, when there is none. All processes get the same.</summary>
    /// <exception cref="LedgerDirectoryException">The trail's key was shredded, or the vault can't be written.</exception>
    public byte[] KeyFor(TraceId trace)
    {
        lock (_turn)
        {
            if (_known.TryGetValue(trace, out var known))
            {
                return known;
            }

            try
            {
                Run("INSERT INTO trail(trace, key) VALUES($trace, $key) ON CONFLICT DO NOTHING", trace, RandomNumberGenerator.GetBytes(32));
            }
            catch (SqliteException problem)
            {
                if (Journal.JournalFailure.IsFsync(problem))
                {
                    EmbeddedLedgerOptions.EndProcess("fsync failed on the vault: what is on disk is unknown", problem);
                }

                throw new LedgerDirectoryException($"the vault can't keep a key for trail {trace}: {problem.Message}", problem);
            }

            var key = Find(trace) ?? throw new LedgerDirectoryException($"the key of trail {trace} was shredded; no content can be added to it");
            return _known[trace] = key;
        }
    }

    /// <summary>The trail's key if there is one.</summary>
    public bool TryGet(TraceId trace, out byte[] key)
    {
        lock (_turn)
        {
            key = Find(trace) ?? [];
            return key.Length > 0;
        }
    }

    /// <summary>Deletes the trail's key for good. False when there was none.</summary>
    public bool Shred(TraceId trace)
    {
        lock (_turn)
        {
            var had = Find(trace) is not null;
            Run("INSERT INTO trail(trace, key) VALUES($trace, NULL) ON CONFLICT(trace) DO UPDATE SET key = NULL", trace, null);
            Run("PRAGMA wal_checkpoint(TRUNCATE)", trace, null);
            if (_known.Remove(trace, out var known))
            {
                CryptographicOperations.ZeroMemory(known);
            }

            return had;
        }
    }

    /// <summary>Closes the vault and forgets the keys in memory.</summary>
    public void Dispose()
    {
        foreach (var key in _known.Values)
        {
            CryptographicOperations.ZeroMemory(key);
        }

        _connection.Dispose();
    }

    private byte[]? Find(TraceId trace)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT key FROM trail WHERE trace = $trace";
        command.Parameters.AddWithValue("$trace", trace.ToString());
        return command.ExecuteScalar() as byte[];
    }

    private void Run(string sql, TraceId trace, byte[]? key)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        if (sql.Contains("$trace", StringComparison.Ordinal))
        {
            command.Parameters.AddWithValue("$trace", trace.ToString());
        }

        if (key is not null)
        {
            command.Parameters.AddWithValue("$key", key);
        }

        command.ExecuteNonQuery();
    }
}
