using System.Text.Json;
using Cairn.Evidence;
using Microsoft.Data.Sqlite;

namespace Cairn.Broker.Store;

/// <summary>
/// What a broker keeps: credentials by their public ids, and proofs already seen. SQLite in WAL mode; several processes
/// may share the file. Safe for several threads.
/// </summary>
internal sealed class BrokerStore : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Lock _gate = new();

    private readonly GroupCommit _writes;

    private BrokerStore(SqliteConnection connection) => (_connection, _writes) = (connection, new GroupCommit(Commit));

    /// <summary>Opens the store, making it where there is none.</summary>
    /// <exception cref="BrokerException">The file can't be opened or is no store.</exception>
    public static BrokerStore Open(string path)
    {
        SqliteConnection? connection = null;
        try
        {
            var isNew = !File.Exists(path);
            connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 30 }.ToString());
            connection.Open();
            if (isNew && !OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            var store = new BrokerStore(connection);
            store.Run(StoreSchema.Open);
            store.Run(StoreSchema.Create);
            store._writes.Start();
            return store;
        }
        catch (SqliteException e)
        {
            connection?.Dispose();
            throw new BrokerException($"{path} can't be opened as the broker's store: {e.Message}", e);
        }
    }

    /// <summary>Keeps a credential that is being issued, unless its parent has ended meanwhile.</summary>
    public async Task<bool> TryAddAsync(CredentialEntry entry) => await _writes.RunAsync(new StoreWrite(
        """
        INSERT INTO credential(id, parent, body, state, issued, expires)
        SELECT $id, $parent, $body, 0, $issued, $expires
        WHERE $parent IS NULL OR EXISTS(SELECT 1 FROM credential WHERE id = $parent AND state = 1)
        """,
        ("$id", entry.Id), ("$parent", entry.Parent), ("$body", JsonSerializer.Serialize(entry, StoreJson.Options)),
        ("$issued", entry.Issued.ToUnixTimeMilliseconds()), ("$expires", entry.Expires.ToUnixTimeMilliseconds()))) == 1;

    /// <summary>Makes a pending credential active; false: an ancestor was revoked meanwhile and took it along.</summary>
    public async Task<bool> TryActivateAsync(string id) =>
        await _writes.RunAsync(new StoreWrite("UPDATE credential SET state = 1 WHERE id = $id AND state = 0", ("$id", id))) == 1;

    /// <summary>A credential; null: none with that id.</summary>
    public CredentialEntry? Find(string id) => Read("WHERE id = $id", ("$id", id)).FirstOrDefault()?.Entry;

    /// <summary>The newest credentials.</summary>
    public IReadOnlyList<CredentialEntry> List(int most, bool all) =>
        [.. Read(all ? "ORDER BY issued DESC LIMIT $most" : "WHERE state = 1 ORDER BY issued DESC LIMIT $most", ("$most", most)).Select(row => row.Entry)];

    /// <summary>Credentials whose id begins so.</summary>
    public IReadOnlyList<CredentialEntry> FindByStart(string start, int most) =>
        [.. Read("WHERE substr(id, 1, length($start)) = $start LIMIT $most", ("$start", start), ("$most", most)).Select(row => row.Entry)];

    /// <summary>Everything that descends from a credential, nearest first; it itself left out.</summary>
    public IReadOnlyList<CredentialEntry> Descendants(string id) =>
    [
        .. Read(
            """
            WHERE id <> $id AND id IN (
              WITH RECURSIVE down(id) AS (VALUES($id) UNION SELECT c.id FROM credential c JOIN down ON c.parent = down.id) SELECT id FROM down)
            """,
            ("$id", id)).Select(row => row.Entry).OrderBy(e => e.Depth).ThenBy(e => e.Issued),
    ];

    /// <summary>How a credential ended; null: it has not, or there is none.</summary>
    public Ending? FindEnding(string id) => Read("WHERE id = $id AND closing IS NOT NULL", ("$id", id)).FirstOrDefault();

    /// <summary>Ends a credential and all that descend from it, in one durable step. Those that ended before are left as they are.</summary>
    /// <returns>What ended now; the root first.</returns>
    public IReadOnlyList<Ending> Revoke(string id, string reason, string? by, DateTimeOffset now)
    {
        lock (_gate)
        {
            using var transaction = _connection.BeginTransaction(deferred: false);
            var rows = Read(
                """
                WHERE state < 2 AND expires > $now AND id IN (
                  WITH RECURSIVE down(id) AS (VALUES($id) UNION SELECT c.id FROM credential c JOIN down ON c.parent = down.id) SELECT id FROM down)
                """,
                ("$id", id), ("$now", now.ToUnixTimeMilliseconds()));
            var endings = new List<Ending>();
            foreach (var entry in rows.Select(row => row.Entry).OrderBy(e => e.Id != id).ThenBy(e => e.Depth))
            {
                var ending = new Ending(entry with { State = CredentialState.Revoked }, RecordId.New(now), now, reason, by, entry.Id == id ? null : id);
                End(ending);
                endings.Add(ending);
            }

            transaction.Commit();
            return endings;
        }
    }

    /// <summary>Takes credentials whose time is over out of use; each is taken by one caller only, of whichever process.</summary>
    public IReadOnlyList<Ending> TakeExpired(DateTimeOffset now, int most)
    {
        lock (_gate)
        {
            using var transaction = _connection.BeginTransaction(deferred: false);
            var endings = Read("WHERE state = 1 AND expires <= $now ORDER BY expires LIMIT $most", ("$now", now.ToUnixTimeMilliseconds()), ("$most", most))
                .Select(row => new Ending(row.Entry with { State = CredentialState.Expired }, RecordId.New(now), row.Entry.Expires, "", null, null)).ToList();
            endings.ForEach(ending => End(ending, now));
            transaction.Commit();
            return endings;
        }
    }

    /// <summary>Credentials that a broker left half issued: nobody got them. They are revoked.</summary>
    public IReadOnlyList<Ending> TakeAbandoned(DateTimeOffset now, TimeSpan age)
    {
        lock (_gate)
        {
            using var transaction = _connection.BeginTransaction(deferred: false);
            var endings = Read("WHERE state = 0 AND issued <= $before", ("$before", (now - age).ToUnixTimeMilliseconds()))
                .Select(row => new Ending(row.Entry with { State = CredentialState.Revoked }, RecordId.New(now), now, "issuance was cut short; the token was handed to nobody", null, null)).ToList();
            endings.ForEach(ending => End(ending));
            transaction.Commit();
            return endings;
        }
    }

    /// <summary>Ends whose record is not known to be durable, left by whoever took them long enough ago to be dead.</summary>
    public IReadOnlyList<Ending> Unrecorded(DateTimeOffset now, TimeSpan age) =>
        Read("WHERE closing IS NOT NULL AND closed = 0 AND ended <= $before LIMIT 1000", ("$before", (now - age).ToUnixTimeMilliseconds()));

    /// <summary>Gives an end another record, in place of one that is nowhere to be found.</summary>
    public Ending Renamed(Ending ending, RecordId record)
    {
        lock (_gate)
        {
            Run("UPDATE credential SET closing = $closing WHERE id = $id", ("$closing", record.ToString()), ("$id", ending.Entry.Id));
            return ending with { Record = record };
        }
    }

    /// <summary>Notes that the record of an end is durable.</summary>
    public void Close(string id)
    {
        lock (_gate)
        {
            Run("UPDATE credential SET closed = 1 WHERE id = $id", ("$id", id));
        }
    }

    /// <summary>Notes a proof or an assertion; false: it was shown before.</summary>
    public async Task<bool> TrySeeAsync(OneTime shown) =>
        await _writes.RunAsync(new StoreWrite("INSERT OR IGNORE INTO proof VALUES($id, $expires)", ("$id", shown.Id), ("$expires", shown.Until.ToUnixTimeMilliseconds()))) == 1;

    /// <summary>Forgets proofs that are too old to be accepted anyway.</summary>
    public void ForgetProofs(DateTimeOffset now)
    {
        lock (_gate)
        {
            Run("DELETE FROM proof WHERE expires < $now", ("$now", now.ToUnixTimeMilliseconds()));
        }
    }

    /// <summary>Ends what is being written; nothing is taken after it.</summary>
    public Task StopAsync() => _writes.StopAsync();

    public void Dispose()
    {
        lock (_gate)
        {
            _connection.Dispose();
        }
    }

    private List<int> Commit(IReadOnlyList<StoreWrite> writes)
    {
        lock (_gate)
        {
            using var transaction = _connection.BeginTransaction(deferred: false);
            var changed = writes.Select(write => Run(write.Sql, write.Values)).ToList();
            transaction.Commit();
            return changed;
        }
    }

    private void End(Ending ending, DateTimeOffset? taken = null) => Run(
        "UPDATE credential SET state = $state, ended = $ended, reason = $reason, by = $by, cascade_of = $cascade, closing = $closing WHERE id = $id",
        ("$state", (int)ending.Entry.State), ("$ended", (taken ?? ending.Ended).ToUnixTimeMilliseconds()), ("$reason", ending.Reason), ("$by", ending.By),
        ("$cascade", ending.CascadeOf), ("$closing", ending.Record.ToString()), ("$id", ending.Entry.Id));

    private List<Ending> Read(string where, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        lock (_gate)
        {
            using var command = Command($"SELECT body, state, ended, reason, by, cascade_of, closing, expires FROM credential {where}", values);
            using var reader = command.ExecuteReader();
            var rows = new List<Ending>();
            while (reader.Read())
            {
                var state = (CredentialState)reader.GetInt32(1);
                var entry = JsonSerializer.Deserialize<CredentialEntry>(reader.GetString(0), StoreJson.Options)! with { State = state };
                rows.Add(new Ending(
                    entry, reader.IsDBNull(6) ? default : RecordId.Parse(reader.GetString(6)),
                    DateTimeOffset.FromUnixTimeMilliseconds(state == CredentialState.Expired || reader.IsDBNull(2) ? reader.GetInt64(7) : reader.GetInt64(2)),
                    reader.IsDBNull(3) ? "" : reader.GetString(3), reader.IsDBNull(4) ? null : reader.GetString(4), reader.IsDBNull(5) ? null : reader.GetString(5)));
            }

            return rows;
        }
    }

    private int Run(string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        using var command = Command(sql, values);
        return command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql, ReadOnlySpan<(string Name, object? Value)> values)
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
