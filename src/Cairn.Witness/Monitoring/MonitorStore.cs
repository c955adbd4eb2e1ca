using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Microsoft.Data.Sqlite;

namespace Cairn.Witness.Monitoring;

/// <summary>What a monitor remembers of a ledger: the last head that held, the tree's right edge, each stream's end. SQLite, fsynced.</summary>
internal sealed class MonitorStore : IDisposable
{
    private const string Schema = """
        PRAGMA journal_mode=WAL;
        PRAGMA synchronous=FULL;
        CREATE TABLE IF NOT EXISTS head(id INTEGER PRIMARY KEY CHECK(id = 1), origin TEXT NOT NULL, size INTEGER NOT NULL, peaks BLOB NOT NULL, note BLOB);
        CREATE TABLE IF NOT EXISTS stream(stream BLOB PRIMARY KEY, issuer TEXT NOT NULL, next_seq INTEGER NOT NULL, last_hash BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS certificate(x5t BLOB PRIMARY KEY, chain BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS waiting(what TEXT PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID;
        """;

    private readonly SqliteConnection _connection;

    private MonitorStore(SqliteConnection connection) => _connection = connection;

    /// <summary>Opens a monitor's memory of one log, or makes it where there is none.</summary>
    /// <exception cref="WitnessException">It is damaged, or of another log.</exception>
    public static MonitorStore Open(string path, string origin)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        var store = new MonitorStore(connection);
        try
        {
            connection.Open();
            store.Run(Schema);
            store.Run("INSERT OR IGNORE INTO head VALUES(1, $origin, 0, x'', NULL)", ("$origin", origin));
            return store.One("SELECT origin FROM head") is string found && found == origin
                ? store
                : throw new WitnessException($"{path} is a monitor's memory of another log than {origin}; give each log a folder of its own");
        }
        catch (Exception problem) when (problem is SqliteException or WitnessException)
        {
            store.Dispose();
            throw problem as WitnessException ?? new WitnessException($"{path} can't be used as a monitor's memory: {problem.Message}", problem);
        }
    }

    /// <summary>The last head that held with its note (null for none yet), and the right edge of its tree.</summary>
    public (SignedNote? Note, CompactRange Edge) Head()
    {
        using var command = Command("SELECT size, peaks, note FROM head", []);
        using var row = command.ExecuteReader();
        row.Read();
        var peaks = ((byte[])row[1]).Chunk(Digest.Size).Select(hash => new Digest(hash)).ToList();
        return (row.IsDBNull(2) ? null : SignedNote.Parse((byte[])row[2]), new CompactRange(row.GetInt64(0), peaks));
    }

    /// <summary>All that follows is kept only when it is committed.</summary>
    public SqliteTransaction Begin() => _connection.BeginTransaction(deferred: false);

    public void SetHead(SignedNote note, CompactRange edge) =>
        Run("UPDATE head SET size = $size, peaks = $peaks, note = $note", ("$size", edge.Size), ("$peaks", edge.Peaks.SelectMany(peak => peak.ToArray()).ToArray()), ("$note", note.Encode()));

    /// <summary>A stream's issuer, next ordinal and last hash; null for a stream that is new.</summary>
    public (string Issuer, long NextSeq, Digest LastHash)? Stream(StreamId stream)
    {
        using var command = Command("SELECT issuer, next_seq, last_hash FROM stream WHERE stream = $stream", [("$stream", stream.ToArray())]);
        using var row = command.ExecuteReader();
        return row.Read() ? (row.GetString(0), row.GetInt64(1), new Digest((byte[])row[2])) : null;
    }

    public void SetStream(StreamId stream, string issuer, long nextSeq, Digest lastHash) => Run(
        "INSERT INTO stream VALUES($stream, $issuer, $next, $last) ON CONFLICT DO UPDATE SET next_seq = $next, last_hash = $last",
        ("$stream", stream.ToArray()), ("$issuer", issuer), ("$next", nextSeq), ("$last", lastHash.ToArray()));

    /// <summary>The streams of an issuer and how many statements each has.</summary>
    public IReadOnlyList<(StreamId Stream, long Statements)> StreamsOf(string issuer)
    {
        using var command = Command("SELECT stream, next_seq FROM stream WHERE issuer = $issuer ORDER BY stream", [("$issuer", issuer)]);
        using var row = command.ExecuteReader();
        var found = new List<(StreamId, long)>();
        while (row.Read())
        {
            found.Add((StreamId.FromBytes((byte[])row[0]), row.GetInt64(1)));
        }

        return found;
    }

    /// <summary>The certificates whose leaf has that SHA-256, DER, leaf first; null when no statement brought them.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>>? Chain(Digest x5t)
    {
        if (One("SELECT chain FROM certificate WHERE x5t = $x5t", ("$x5t", x5t.ToArray())) is not byte[] stored)
        {
            return null;
        }

        var chain = new List<ReadOnlyMemory<byte>>();
        for (var at = 0; at < stored.Length; at += 4 + BitConverter.ToInt32(stored, at))
        {
            chain.Add(stored.AsMemory(at + 4, BitConverter.ToInt32(stored, at)));
        }

        return chain;
    }

    public void SetChain(Digest x5t, IReadOnlyList<ReadOnlyMemory<byte>> chain) => Run(
        "INSERT OR IGNORE INTO certificate VALUES($x5t, $chain)",
        ("$x5t", x5t.ToArray()), ("$chain", chain.SelectMany(der => BitConverter.GetBytes(der.Length).Concat(der.ToArray())).ToArray()));

    /// <summary>Since when something is waited for; now, where that is new.</summary>
    public DateTimeOffset WaitingSince(string what, DateTimeOffset now)
    {
        Run("INSERT OR IGNORE INTO waiting VALUES($what, $now)", ("$what", what), ("$now", now.ToUnixTimeSeconds()));
        return DateTimeOffset.FromUnixTimeSeconds((long)One("SELECT since FROM waiting WHERE what = $what", ("$what", what))!);
    }

    /// <summary>It came.</summary>
    public void Arrived(string what) => Run("DELETE FROM waiting WHERE what = $what", ("$what", what));

    public void Dispose() => _connection.Dispose();

    private void Run(string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        using var command = Command(sql, values);
        command.ExecuteNonQuery();
    }

    private object? One(string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        using var command = Command(sql, values);
        return command.ExecuteScalar();
    }

    private SqliteCommand Command(string sql, ReadOnlySpan<(string Name, object Value)> values)
    {
        var command = _connection.CreateCommand();
#pragma warning disable CA2100 // every text is a constant of this class; values are parameters
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in values)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }
}
