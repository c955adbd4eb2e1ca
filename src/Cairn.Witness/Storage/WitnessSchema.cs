namespace Cairn.Witness.Storage;

/// <summary>The tables of a witness's memory (docs/spec/witnessing.md §4).</summary>
internal static class WitnessSchema
{
    public const string Version = "1";

    public const string Create = """
        CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE head(origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, time INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE checkpoint(origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, time INTEGER NOT NULL, note BLOB NOT NULL, PRIMARY KEY(origin, size));
        CREATE TABLE refused(origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, time INTEGER NOT NULL, reason TEXT NOT NULL, request BLOB NOT NULL, PRIMARY KEY(origin, size, root));
        """;

    /// <summary>An fsync at each commit: a cosignature leaves only when its checkpoint survives a power cut.</summary>
    public const string Open = """
        PRAGMA journal_mode=WAL;
        PRAGMA synchronous=FULL;
        PRAGMA busy_timeout=10000;
        PRAGMA trusted_schema=OFF;
        """;
}
