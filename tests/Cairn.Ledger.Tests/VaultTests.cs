using Cairn.Evidence;
using Cairn.Ledger.Vault;
using Microsoft.Data.Sqlite;

namespace Cairn.Ledger.Tests;

public sealed class VaultTests : IDisposable
{
    private readonly TestLedger _test = new();

    private string VaultPath => _test.Directory.VaultPath;

    private string KeyPath => Path.Combine(_test.Directory.Root, TrailVault.DefaultKeyFile);

    [Fact]
    public void A_vault_alone_holds_no_trail_key_in_clear()
    {
        using var vault = TrailVault.Open(VaultPath);
        var key = vault.KeyFor(TraceId.New());

        Assert.Empty(FilesHolding(_test.Directory.Root, key));
    }

    [Fact]
    public void Rotation_keeps_every_trail_key_and_leaves_the_old_key_encryption_key_nowhere()
    {
        var traces = Enumerable.Range(0, 20).Select(_ => TraceId.New()).ToList();
        using var vault = TrailVault.Open(VaultPath);
        using var other = TrailVault.Open(VaultPath);
        var keys = traces.Select(vault.KeyFor).ToList();
        var (before, kek) = (vault.Status().KeyEncryptionKey, KekOf(KeyPath));

        vault.Rotate();

        Assert.NotEqual(before, vault.Status().KeyEncryptionKey);
        Assert.Equal(keys, traces.Select(vault.KeyFor));
        Assert.Equal(keys, traces.Select(trace => other.TryGet(trace, out var key) ? key : []));
        Assert.Equal(other.KeyFor(traces[0]), keys[0]);
        Assert.Empty(FilesHolding(_test.Directory.Root, kek));
    }

    [Fact]
    public void A_copy_of_the_vault_from_before_a_shredding_does_not_open_any_more()
    {
        var (shredded, kept) = (TraceId.New(), TraceId.New());
        var copy = Path.Combine(_test.Folder, "copy.db");
        using (var vault = TrailVault.Open(VaultPath))
        {
            vault.KeyFor(shredded);
            vault.KeyFor(kept);
        }

        File.Copy(VaultPath, copy);
        using (var vault = TrailVault.Open(VaultPath))
        {
            Assert.True(vault.Shred(shredded));
            Assert.False(vault.Shred(shredded));
            Assert.True(vault.TryGet(kept, out _));
        }

        File.Copy(copy, VaultPath, overwrite: true);

        Assert.Contains("is not the key-encryption key", Assert.Throws<LedgerDirectoryException>(() => TrailVault.Open(VaultPath)).Message);
    }

    [Fact]
    public void A_process_that_knew_a_key_gets_it_no_more_once_another_has_shredded_it()
    {
        var trace = TraceId.New();
        using var emitter = TrailVault.Open(VaultPath);
        using var operatorsVault = TrailVault.Open(VaultPath);
        var held = emitter.KeyFor(trace);
        var copy = held.ToArray();

        operatorsVault.Shred(trace);

        Assert.Contains("shredded", Assert.Throws<LedgerDirectoryException>(() => emitter.KeyFor(trace)).Message);
        Assert.Equal(copy, held);
        Assert.True(TrailVault.IsShredded(VaultPath, trace));
        Assert.False(TrailVault.IsShredded(VaultPath, TraceId.New()));
    }

    [Fact]
    public void A_vault_with_keys_in_clear_gets_them_wrapped_and_keeps_none_in_clear()
    {
        var (trace, gone, key) = (TraceId.New(), TraceId.New(), Enumerable.Range(7, 32).Select(value => (byte)value).ToArray());
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(_test.Folder, "old")).FullName, "vault.db");
        using (var connection = new SqliteConnection($"Data Source={path};Pooling=false"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "CREATE TABLE trail(trace TEXT PRIMARY KEY, key BLOB) WITHOUT ROWID; INSERT INTO trail VALUES($trace, $key), ($gone, NULL)";
            command.Parameters.AddWithValue("$trace", trace.ToString());
            command.Parameters.AddWithValue("$gone", gone.ToString());
            command.Parameters.AddWithValue("$key", key);
            command.ExecuteNonQuery();
        }

        using var vault = TrailVault.Open(path);

        Assert.Equal(key, vault.KeyFor(trace));
        Assert.Throws<LedgerDirectoryException>(() => vault.KeyFor(gone));
        Assert.Empty(FilesHolding(Path.GetDirectoryName(path)!, key));
    }

    [Fact]
    public void A_vault_without_its_key_encryption_key_is_refused_and_none_is_made()
    {
        File.Delete(KeyPath);

        Assert.Contains("is missing", Assert.Throws<LedgerDirectoryException>(() => TrailVault.Open(VaultPath)).Message);
        Assert.False(File.Exists(KeyPath));
    }

    [Fact]
    public void A_key_encryption_key_that_others_can_read_is_refused()
    {
        File.SetUnixFileMode(KeyPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);

        Assert.Contains($"chmod 600 {KeyPath}", Assert.Throws<LedgerDirectoryException>(() => TrailVault.Open(VaultPath)).Message);
    }

    [Fact]
    public void A_passphrase_is_needed_from_then_on_and_must_be_the_right_one()
    {
        var trace = TraceId.New();
        byte[] key, kek;
        using (var vault = TrailVault.Open(VaultPath))
        {
            key = vault.KeyFor(trace);
            vault.Protect(null, KeyProtection.WithPassphrase("correct horse battery staple"));
            Assert.True(vault.Status().HasPassphrase);
            kek = KekOf(KeyPath);
        }

        Assert.Contains("is protected by a passphrase", Assert.Throws<LedgerDirectoryException>(() => TrailVault.Open(VaultPath, () => null)).Message);
        Assert.Contains("does not open", Assert.Throws<LedgerDirectoryException>(() => TrailVault.Open(VaultPath, () => "another")).Message);
        using var opened = TrailVault.Open(VaultPath, () => "correct horse battery staple");
        Assert.Equal(key, opened.KeyFor(trace));
        Assert.NotEqual(32, kek.Length);
    }

    [Fact]
    public void A_key_encryption_key_moves_to_another_place_and_is_destroyed_in_the_old_one()
    {
        var (trace, elsewhere) = (TraceId.New(), Path.Combine(_test.Folder, "elsewhere.kek"));
        using var vault = TrailVault.Open(VaultPath);
        using var other = TrailVault.Open(VaultPath);
        var key = vault.KeyFor(trace);

        vault.Protect(elsewhere, KeyProtection.None);

        Assert.False(File.Exists(KeyPath));
        Assert.Equal(elsewhere, vault.Status().File);
        Assert.Equal(key, other.KeyFor(trace));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(elsewhere));
        Assert.Contains("a file at", Assert.Throws<LedgerDirectoryException>(() => vault.Protect(VaultPath, KeyProtection.None)).Message);
    }

    [Fact]
    public void A_wrapped_key_put_in_another_trails_place_does_not_open()
    {
        var (one, two) = (TraceId.New(), TraceId.New());
        using var vault = TrailVault.Open(VaultPath);
        vault.KeyFor(one);
        vault.KeyFor(two);
        Run($"UPDATE trail SET key = (SELECT key FROM trail WHERE trace = '{one}') WHERE trace = '{two}'");

        Assert.Contains("altered", Assert.Throws<LedgerDirectoryException>(() => vault.TryGet(two, out _)).Message);
    }

    [Fact]
    public void A_rotation_that_was_killed_before_its_end_is_completed_at_the_next_opening()
    {
        var trace = TraceId.New();
        byte[] key;
        using (var vault = TrailVault.Open(VaultPath))
        {
            key = vault.KeyFor(trace);
        }

        // As a rotation leaves it that was killed behind its transaction: an old key beside the one in use, and the mark.
        var old = new byte[32];
        System.Security.Cryptography.RandomNumberGenerator.Fill(old);
        var text = File.ReadAllText(KeyPath);
        File.WriteAllText(KeyPath, text.Replace("\"keys\": [", $"\"keys\": [{{\"id\":\"0011223344556677\",\"key\":\"{Convert.ToBase64String(old)}\"}},", StringComparison.Ordinal));
        Run("INSERT INTO meta VALUES('unfinished', '1')");

        using var opened = TrailVault.Open(VaultPath);

        Assert.Equal(key, opened.KeyFor(trace));
        Assert.DoesNotContain("0011223344556677", File.ReadAllText(KeyPath));
    }

    public void Dispose() => _test.Dispose();

    private static byte[] KekOf(string path)
    {
        using var json = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(path));
        return json.RootElement.GetProperty("keys")[0].GetProperty("key").GetBytesFromBase64();
    }

    private static IEnumerable<string> FilesHolding(string folder, byte[] secret) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Where(file => File.ReadAllBytes(file) is var bytes
            && (bytes.AsSpan().IndexOf(secret) >= 0 || bytes.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(secret))) >= 0));

    private void Run(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={VaultPath};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
