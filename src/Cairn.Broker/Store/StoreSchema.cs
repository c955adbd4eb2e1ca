namespace Cairn.Broker.Store;

/// <summary>
/// The broker's tables. <c>credential.closing</c> is the id of the record that says how it ended; <c>closed</c> is 1 when
/// that record is durable. Times are Unix milliseconds.
/// </summary>
internal static class StoreSchema
{
    public const string Create = """
        CREATE TABLE IF NOT EXISTS credential(
          id TEXT PRIMARY KEY,
          parent TEXT,
          body TEXT NOT NULL,
          state INTEGER NOT NULL,
          issued INTEGER NOT NULL,
          expires INTEGER NOT NULL,
          ended INTEGER,
          reason TEXT,
          by TEXT,
          cascade_of TEXT,
          closing TEXT,
          closed INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS credential_parent ON credential(parent);
        CREATE INDEX IF NOT EXISTS credential_live ON credential(expires) WHERE state < 2;
        CREATE INDEX IF NOT EXISTS credential_unrecorded ON credential(ended) WHERE closing IS NOT NULL AND closed = 0;
        CREATE TABLE IF NOT EXISTS proof(id BLOB PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS proof_expires ON proof(expires);
        PRAGMA user_version = 1;
        """;

    /// <summary>A commit that returned survives a power cut: no acknowledged revocation and no seen proof is forgotten.</summary>
    public const string Open = """
        PRAGMA journal_mode=WAL;
        PRAGMA synchronous=FULL;
        PRAGMA busy_timeout=20000;
        PRAGMA trusted_schema=OFF;
        """;
}
