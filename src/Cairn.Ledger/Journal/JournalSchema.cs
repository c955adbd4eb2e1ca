namespace Cairn.Ledger.Journal;

/// <summary>The journal's tables (docs/spec/data-directory.md).</summary>
internal static class JournalSchema
{
    public const int Version = 1;

    public const string Create = """
        CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE statement(
          idx INTEGER PRIMARY KEY,
          stream BLOB NOT NULL,
          seq INTEGER NOT NULL,
          hash BLOB NOT NULL,
          leaf BLOB NOT NULL,
          entry BLOB NOT NULL,
          records BLOB NOT NULL,
          UNIQUE(stream, seq));
        CREATE TABLE stream(stream BLOB PRIMARY KEY, issuer TEXT NOT NULL, next_seq INTEGER NOT NULL, last_hash BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE certificate(x5t BLOB PRIMARY KEY, chain BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE trail(trace BLOB NOT NULL, idx INTEGER NOT NULL, records INTEGER NOT NULL, PRIMARY KEY(trace, idx)) WITHOUT ROWID;
        CREATE INDEX trail_idx ON trail(idx);
        CREATE TABLE content(record TEXT NOT NULL, member TEXT NOT NULL, trace BLOB NOT NULL, ciphertext BLOB NOT NULL, PRIMARY KEY(record, member)) WITHOUT ROWID;
        CREATE TABLE head(id INTEGER PRIMARY KEY CHECK(id = 1), size INTEGER NOT NULL, root BLOB NOT NULL, time INTEGER NOT NULL, note BLOB);
        """;

    /// <summary>
    /// Write-ahead log with an fsync at each commit: a commit that returned survives a power cut. The busy time-out only
    /// matters against readers that checkpoint the log; writers wait at <see cref="JournalGate"/>.
    /// </summary>
    public const string Open = """
        PRAGMA journal_mode=WAL;
        PRAGMA synchronous=FULL;
        PRAGMA busy_timeout=20000;
        PRAGMA wal_autocheckpoint=4000;
        PRAGMA foreign_keys=OFF;
        PRAGMA trusted_schema=OFF;
        """;
}
