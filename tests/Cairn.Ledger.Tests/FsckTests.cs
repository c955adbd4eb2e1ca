using Cairn.Evidence;
using Microsoft.Data.Sqlite;

namespace Cairn.Ledger.Tests;

public class FsckTests
{
    [Fact]
    public async Task A_ledger_as_written_is_sound()
    {
        using var test = await FilledAsync(600);

        var report = await Fsck.RunAsync(test.Directory);

        Assert.Empty(report.Problems);
        Assert.Equal((600, 600, 600, 0), (report.Checkpoint, report.Statements, report.Records, report.Waiting));
    }

    [Theory]
    [InlineData("tile/0/000", "tile-mismatch")]
    [InlineData("tile/0/002.p/88", "tile-mismatch")]
    [InlineData("tile/1/000.p/2", "tile-mismatch")]
    [InlineData("tile/entries/001", "entry-mismatch", "bundle-unreadable", "bundle-short")]
    [InlineData("checkpoint", "checkpoint-signature", "checkpoint-format")]
    public async Task One_flipped_bit_in_a_published_file_is_found_and_the_file_named(string file, params string[] codes)
    {
        using var test = await FilledAsync(600);
        var path = Path.Combine(test.Directory.TilesPath, file);
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[bytes.Length / 2] ^= 0x10;
        await File.WriteAllBytesAsync(path, bytes);

        var report = await Fsck.RunAsync(test.Directory);

        Assert.Contains(report.Problems, problem => codes.Contains(problem.Code));
    }

    [Theory]
    [InlineData("UPDATE statement SET entry = zeroblob(length(entry)) WHERE idx = 7", "statement-format")]
    [InlineData("UPDATE statement SET leaf = zeroblob(32) WHERE idx = 7", "leaf-mismatch")]
    [InlineData("UPDATE statement SET records = (SELECT records FROM statement WHERE idx = 8) WHERE idx = 7", "statement-format")]
    [InlineData("DELETE FROM statement WHERE idx = 599", "journal-short")]
    [InlineData("DELETE FROM statement WHERE idx = 7", "index-gap")]
    [InlineData("UPDATE trail SET records = 2 WHERE idx = 7", "trail-count")]
    [InlineData("UPDATE head SET size = 500", "journal-behind")]
    [InlineData("UPDATE head SET root = zeroblob(32)", "head-mismatch")]
    public async Task A_changed_journal_row_is_found(string sql, string code)
    {
        using var test = await FilledAsync(600);
        using (var connection = new SqliteConnection($"Data Source={test.Directory.JournalPath};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            Assert.True(command.ExecuteNonQuery() > 0);
        }

        var report = await Fsck.RunAsync(test.Directory);

        Assert.Contains(report.Problems, problem => problem.Code is var found && (found == code || (code == "statement-format" && found.StartsWith("statement-", StringComparison.Ordinal))));
    }

    [Fact]
    public async Task A_missing_tile_and_a_stray_one_are_found()
    {
        using var test = await FilledAsync(300);
        File.Delete(Path.Combine(test.Directory.TilesPath, "tile/0/000"));
        await File.WriteAllBytesAsync(Path.Combine(test.Directory.TilesPath, "tile/0/009"), new byte[8192]);

        var report = await Fsck.RunAsync(test.Directory);

        Assert.Contains(report.Problems, problem => problem is { Code: "tile-missing", Place: "tile/0/000" });
        Assert.Contains(report.Problems, problem => problem is { Code: "stray-file", Place: "tile/0/009" });
    }

    private static async Task<TestLedger> FilledAsync(int statements)
    {
        var test = new TestLedger();
        await using var ledger = await test.OpenAsync();
        using var emitter = test.Emitter();
        await ledger.SubmitAsync([.. Enumerable.Range(0, statements).Select(_ => emitter.Next())], CancellationToken.None);
        await ledger.WaitForCheckpointAsync(statements - 1, TimeSpan.FromSeconds(30), CancellationToken.None);
        return test;
    }
}
