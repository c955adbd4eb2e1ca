namespace Cairn.Ledger.Tests;

/// <summary>Data directories as tools leave them that copy files and no folders.</summary>
public class PrunedDirectoryTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task A_copy_without_the_empty_folders_opens_and_publishes(int statements)
    {
        using var test = new TestLedger();
        using var emitter = test.Emitter();
        await using (var ledger = await test.OpenAsync())
        {
            await AppendAsync(ledger, emitter, statements);
        }

        var copy = Prune(test.Directory.Root, Path.Combine(test.Folder, "copy"));
        Assert.False(Directory.Exists(copy.StagingPath));
        await using var copied = await EmbeddedLedger.OpenAsync(copy, new EmbeddedLedgerOptions(), TestContext.Current.CancellationToken);
        await AppendAsync(copied, emitter, 1);

        Assert.Equal(statements + 1, copied.Count());
        Assert.Empty((await Fsck.RunAsync(copy, cancellationToken: TestContext.Current.CancellationToken)).Problems);
    }

    [Fact]
    public async Task A_copy_that_lacks_what_was_published_says_what_is_missing_and_signs_nothing()
    {
        using var test = new TestLedger();
        using var emitter = test.Emitter();
        await using (var ledger = await test.OpenAsync())
        {
            await AppendAsync(ledger, emitter, 3);
        }

        var copy = Prune(test.Directory.Root, Path.Combine(test.Folder, "copy"));
        Directory.Delete(copy.TilesPath, recursive: true);
        await using var copied = await EmbeddedLedger.OpenAsync(copy, new EmbeddedLedgerOptions(), TestContext.Current.CancellationToken);

        var problem = await Assert.ThrowsAnyAsync<Exception>(() => AppendAsync(copied, emitter, 1));

        Assert.Contains("is missing", $"{problem.Message} {problem.InnerException?.Message}");
        Assert.False(File.Exists(Path.Combine(copy.TilesPath, "checkpoint")));
    }

    private static async Task AppendAsync(EmbeddedLedger ledger, TestEmitter emitter, int statements)
    {
        for (var i = 0; i < statements; i++)
        {
            await ledger.SubmitAsync([emitter.Next()], TestContext.Current.CancellationToken);
        }

        if (ledger.Count() > 0)
        {
            await ledger.WaitForCheckpointAsync(ledger.Count() - 1, TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        }
    }

    private static LedgerDirectory Prune(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return LedgerDirectory.Open(to);
    }
}
