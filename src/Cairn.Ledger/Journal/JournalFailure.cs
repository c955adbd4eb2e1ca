using Cairn.Evidence.Submissions;
using Microsoft.Data.Sqlite;

namespace Cairn.Ledger.Journal;

/// <summary>What a SQLite error means to a ledger.</summary>
internal static class JournalFailure
{
    // SQLITE_IOERR_FSYNC, _DIR_FSYNC, _CLOSE, _DIR_CLOSE: https://www.sqlite.org/rescode.html
    private static readonly int[] FsyncCodes = [1034, 1290, 4106, 4362];

    /// <summary>
    /// After a failed fsync nobody knows what the disk holds, and a second fsync may succeed without having written
    /// anything: the only safe thing is to end the process and to read the disk afresh at the next start.
    /// </summary>
    public static bool IsFsync(SqliteException problem) => FsyncCodes.Contains(problem.SqliteExtendedErrorCode);

    /// <summary>The exception that callers get.</summary>
    public static LedgerUnavailableException Unavailable(string path, SqliteException problem)
    {
        var meaning = problem.SqliteErrorCode switch
        {
            13 => "the disk is full",
            5 or 6 => "another process holds it for too long",
            8 => "it is read-only",
            10 => "a read or write failed",
            11 or 26 => "the file is damaged",
            14 => "it can't be opened",
            _ => "SQLite refused",
        };
        return new LedgerUnavailableException($"the journal {path} can't take evidence now: {meaning} ({problem.Message}, extended code {problem.SqliteExtendedErrorCode})", problem);
    }
}
