using Cairn.Evidence;

namespace Cairn.Ledger.Tests;

public class DirectoryTests
{
    [Theory]
    [InlineData("journal.db", "is missing")]
    [InlineData("vault.db", "is missing")]
    [InlineData("keys/log.ed25519", "is missing")]
    [InlineData("keys/ca.key.pem", "is missing")]
    [InlineData("cairn.json", "holds no cairn.json")]
    public void A_directory_without_one_of_its_parts_is_refused_and_nothing_is_made_in_its_place(string part, string reason)
    {
        using var test = new TestLedger();
        File.Delete(Path.Combine(test.Directory.Root, part));

        Assert.Contains(reason, Assert.Throws<LedgerDirectoryException>(() => LedgerDirectory.Open(test.Directory.Root)).Message);
        Assert.Throws<LedgerDirectoryException>(() => LedgerDirectory.OpenOrCreate(test.Directory.Root));
        Assert.False(File.Exists(Path.Combine(test.Directory.Root, part)));
    }

    [Fact]
    public void A_directory_of_another_format_is_refused_with_both_numbers()
    {
        using var test = new TestLedger();
        var marker = Path.Combine(test.Directory.Root, "cairn.json");
        File.WriteAllText(marker, File.ReadAllText(marker).Replace("\"format\": 1", "\"format\": 7"));

        var refused = Assert.Throws<LedgerDirectoryException>(() => LedgerDirectory.Open(test.Directory.Root));
        Assert.Contains("format 7", refused.Message);
        Assert.Contains("format 1", refused.Message);
    }

    [Fact]
    public void A_key_that_others_can_read_is_refused_with_the_command_that_mends_it()
    {
        using var test = new TestLedger();
        var key = Path.Combine(test.Directory.KeysPath, "log.mldsa44");
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        Assert.Contains($"chmod 600 {key}", Assert.Throws<LedgerDirectoryException>(() => LedgerDirectory.Open(test.Directory.Root)).Message);
    }

    [Fact]
    public async Task A_journal_of_another_ledger_is_refused()
    {
        using var test = new TestLedger();
        using var other = new TestLedger();
        File.Copy(other.Directory.JournalPath, test.Directory.JournalPath, overwrite: true);

        Assert.Contains(other.Directory.Origin, (await Assert.ThrowsAsync<LedgerDirectoryException>(() => test.OpenAsync())).Message);
    }

    [Fact]
    public void A_folder_with_something_else_in_it_is_not_taken_over()
    {
        using var test = new TestLedger();
        var folder = Directory.CreateDirectory(Path.Combine(test.Folder, "documents")).FullName;
        File.WriteAllText(Path.Combine(folder, "letter.txt"), "x");

        Assert.Throws<LedgerDirectoryException>(() => LedgerDirectory.OpenOrCreate(folder));
        Assert.Single(Directory.EnumerateFileSystemEntries(folder));
    }

    [Fact]
    public void A_vault_gives_every_opener_the_same_key_and_none_after_shredding()
    {
        using var test = new TestLedger();
        var trace = TraceId.New();
        using var one = TrailVault.Open(test.Directory.VaultPath);
        using var two = TrailVault.Open(test.Directory.VaultPath);
        var key = one.KeyFor(trace).ToArray();
        Assert.Equal(key, two.KeyFor(trace));

        Assert.True(one.Shred(trace));

        using var three = TrailVault.Open(test.Directory.VaultPath);
        Assert.False(three.TryGet(trace, out _));
        Assert.Contains("shredded", Assert.Throws<LedgerDirectoryException>(() => three.KeyFor(trace)).Message);
        Assert.True(File.ReadAllBytes(test.Directory.VaultPath).AsSpan().IndexOf(key) < 0);
    }
}
