using Cairn.Evidence;
using Cairn.Ledger.Vault;
using Microsoft.Data.Sqlite;
using Net.Pkcs11Interop.Common;

namespace Cairn.Ledger.Tests;

public sealed class VaultTokenTests : IDisposable
{
    private readonly SoftToken _token = SoftToken.Make();
    private readonly TestLedger _test = new();

    private string VaultPath => _test.Directory.VaultPath;

    private string KeyPath => Path.Combine(_test.Directory.Root, TrailVault.DefaultKeyFile);

    public static TheoryData<string, string> Directions => new(
        from one in new[] { "none", "passphrase", "kept", "renewed" }
        from other in new[] { "none", "passphrase", "kept", "renewed" }
        select (one, other));

    [Theory]
    [MemberData(nameof(Directions))]
    public void The_key_encryption_key_goes_from_any_protection_to_any_other_and_every_trail_key_stays(string from, string to)
    {
        var traces = Enumerable.Range(0, 3).Select(_ => TraceId.New()).ToList();
        using var vault = Open();
        var keys = traces.Select(vault.KeyFor).ToList();
        vault.Protect(null, Protection(from));
        vault.Protect(null, Protection(to));

        using var reopened = Open();

        Assert.Equal(keys, traces.Select(reopened.KeyFor));
        Assert.Equal(keys, traces.Select(vault.KeyFor));
        Assert.Equal(to is "kept" or "renewed", reopened.Status().Token is not null);
        Assert.Equal(to == "passphrase", reopened.Status().HasPassphrase);
        Assert.Equal(to == "renewed" ? 1 : 0, _token.Count("renewed"));
        Assert.Equal(from == "kept" || to == "kept" ? 1 : 0, _token.Count("kept"));
        Assert.Empty(reopened.Status().TokenKeysLeft);
    }

    [Theory]
    [InlineData("kept")]
    [InlineData("renewed")]
    public void Under_a_token_rotation_and_new_trails_go_on_and_no_file_holds_the_key_encryption_key_or_the_pin(string kind)
    {
        var (one, two) = (TraceId.New(), TraceId.New());
        using var vault = Open();
        var key = vault.KeyFor(one);
        vault.Protect(null, Protection(kind));
        vault.Rotate();
        var second = vault.KeyFor(two);

        using var reopened = Open();

        Assert.Equal(key, reopened.KeyFor(one));
        Assert.Equal(second, reopened.KeyFor(two));
        Assert.True(reopened.Status().Token!.MadeThere);
        Assert.Equal(60, KekOf(KeyPath).Length);
        Assert.DoesNotContain(Directory.EnumerateFiles(_test.Folder, "*", SearchOption.AllDirectories), file => File.ReadAllBytes(file).AsSpan().IndexOf("quince-4711"u8) >= 0);
    }

    [Fact]
    public void With_a_renewed_key_no_copy_of_all_files_from_before_a_shredding_opens_although_the_token_is_there()
    {
        var (shredded, kept) = (TraceId.New(), TraceId.New());
        using (var vault = Open())
        {
            vault.Protect(null, Protection("renewed"));
            vault.KeyFor(shredded);
            vault.KeyFor(kept);
        }

        var copy = Copy();
        using (var vault = Open())
        {
            Assert.True(vault.Shred(shredded));
            Assert.True(vault.TryGet(kept, out _));
        }

        Assert.Contains("a key that was destroyed does not come back", Assert.Throws<LedgerDirectoryException>(() => TrailVault.Open(copy, pin: SoftToken.Right)).Message);
        Assert.Equal(1, _token.Count("renewed"));
    }

    // What docs/guide/erasure.md says of a key that stays: this is its limit, and the reason for --renewing.
    [Fact]
    public void With_a_key_that_stays_a_copy_of_the_vault_alone_does_not_open_after_a_shredding_and_one_with_its_key_file_does()
    {
        var shredded = TraceId.New();
        byte[] key;
        using (var vault = Open())
        {
            vault.Protect(null, Protection("kept"));
            key = vault.KeyFor(shredded);
        }

        var copy = Copy();
        using (var vault = Open())
        {
            vault.Shred(shredded);
        }

        using (var old = TrailVault.Open(copy, pin: SoftToken.Right))
        {
            Assert.True(old.TryGet(shredded, out var opened));
            Assert.Equal(key, opened);
        }

        File.Copy(KeyPath, Path.Combine(Path.GetDirectoryName(copy)!, TrailVault.DefaultKeyFile), overwrite: true);
        Assert.Contains("is not the key-encryption key", Assert.Throws<LedgerDirectoryException>(() => TrailVault.Open(copy, pin: SoftToken.Right)).Message);
    }

    [Fact]
    public void A_wrong_pin_is_tried_once_by_all_processes_together_until_its_file_changes()
    {
        var file = PinFile("wrong-1234");
        Protect("kept");

        Assert.Contains($"refused the PIN of the file {file} (CKR_PIN_INCORRECT)", Refusal(file));
        // The right PIN with the old time: an opening that tried it would succeed.
        var time = File.GetLastWriteTimeUtc(file);
        File.WriteAllText(file, SoftToken.Pin);
        File.SetLastWriteTimeUtc(file, time);
        Assert.Contains("is not tried again", Refusal(file));
        Assert.DoesNotContain("wrong-1234", File.ReadAllText($"{VaultPath}.pin-refused"));

        File.SetLastWriteTimeUtc(file, time.AddSeconds(2));
        TrailVault.Open(VaultPath, pin: _ => TokenPins.OfFile(file)).Dispose();

        Assert.False(File.Exists($"{VaultPath}.pin-refused"));
    }

    [Fact]
    public void A_refused_pin_of_a_variable_is_tried_again_when_a_person_asks_for_it()
    {
        Protect("kept");
        TokenPin wrong = new("wrong-1234", "a variable", "");
        Assert.Contains("refused the PIN of a variable", Assert.Throws<LedgerDirectoryException>(() => TrailVault.Open(VaultPath, pin: _ => wrong)).Message);
        Assert.Contains("cairn vault login", Assert.Throws<LedgerDirectoryException>(() => TrailVault.Open(VaultPath, pin: SoftToken.Right)).Message);

        TrailVault.Open(VaultPath, pin: SoftToken.Right, tryPin: true).Dispose();

        Open().Dispose();
    }

    [Fact]
    public void A_mistyped_pin_keeps_nobody_else_out()
    {
        Protect("kept");

        Assert.Contains("refused the PIN of the terminal", Assert.Throws<LedgerDirectoryException>(() => TrailVault.Open(VaultPath, pin: _ => new TokenPin("wrong-1234", "the terminal", null))).Message);

        Open().Dispose();
    }

    [Fact]
    public void Without_a_pin_the_error_says_where_one_comes_from()
    {
        Protect("kept");

        Assert.Contains(TokenPins.FileVariable, Assert.Throws<LedgerDirectoryException>(() => TrailVault.Open(VaultPath, pin: _ => null)).Message);
    }

    [Fact]
    public void A_pin_file_that_all_users_can_read_is_refused_and_the_uri_can_name_the_file()
    {
        var file = PinFile(SoftToken.Pin);
        using (var vault = Open())
        {
            TrailVault.MakeTokenKey(VaultPath, _token.Key(), SoftToken.Right);
            vault.Protect(null, KeyProtection.WithToken(TokenUri.Parse($"{_token.Key()}&pin-source=file:{file}"), renewed: false));
        }

        TrailVault.Open(VaultPath).Dispose();
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);

        Assert.Contains($"chmod o-rwx {file}", Assert.Throws<LedgerDirectoryException>(() => TrailVault.Open(VaultPath)).Message);
    }

    [Fact]
    public void A_token_that_is_away_stops_what_needs_it_changes_nothing_and_is_found_when_it_is_back()
    {
        var (trace, held) = (TraceId.New(), TraceId.New());
        Protect("renewed");
        using var server = Open();
        var known = server.KeyFor(held);
        using (var other = Open())
        {
            other.KeyFor(trace);
            other.Rotate();
        }

        _token.TakeAway();
        try
        {
            Assert.Contains($"the token \"{_token.Label}\" is not there", Assert.Throws<LedgerDirectoryException>(() => server.KeyFor(trace)).Message);
            Assert.Throws<LedgerDirectoryException>(() => Open());
            Assert.Throws<LedgerDirectoryException>(() => server.Shred(held));
            Assert.False(TrailVault.IsShredded(VaultPath, held));
        }
        finally
        {
            _token.PutBack();
        }

        Assert.Equal(32, server.KeyFor(trace).Length);
        Assert.Equal(known, server.KeyFor(held));
        Assert.True(server.Shred(held));
        Assert.Equal(1, _token.Count("renewed"));
    }

    [Fact]
    public void A_process_that_has_opened_works_on_while_the_token_is_away()
    {
        Protect("kept");
        using var server = Open();
        _token.TakeAway();
        try
        {
            Assert.Equal(32, server.KeyFor(TraceId.New()).Length);
        }
        finally
        {
            _token.PutBack();
        }
    }

    [Fact]
    public void A_key_that_a_killed_change_made_is_destroyed_at_the_next_opening_and_the_one_in_use_stays()
    {
        var trace = TraceId.New();
        Protect("renewed");
        byte[] key;
        string own;
        using (var vault = Open())
        {
            (key, own) = (vault.KeyFor(trace), vault.Status().Token!.Uri.ToString());
        }

        var orphan = TrailVault.MakeTokenKey(VaultPath, _token.Key("renewed").WithId([1, 2, 3]), SoftToken.Right);
        Run($"INSERT INTO meta VALUES('unfinished', '1'), ('token_keys', '{own}\n{orphan}')");

        using var opened = Open();

        Assert.Equal(key, opened.KeyFor(trace));
        Assert.Equal(1, _token.Count("renewed"));
        Assert.Empty(opened.Status().TokenKeysLeft);
    }

    [Fact]
    public void A_vault_that_left_a_token_works_without_it_and_destroys_the_old_key_when_the_token_is_there()
    {
        var left = TrailVault.MakeTokenKey(VaultPath, _token.Key("left"), SoftToken.Right);
        Run($"INSERT INTO meta VALUES('unfinished', '1'), ('token_keys', '{left}')");
        _token.TakeAway();
        try
        {
            using var vault = Open();
            var trace = TraceId.New();
            vault.KeyFor(trace);
            Assert.Equal([left.ToString()], vault.Status().TokenKeysLeft);
            Assert.True(vault.Shred(trace));
        }
        finally
        {
            _token.PutBack();
        }

        Assert.Equal(1, _token.Count("left"));
        Open().Dispose();
        Assert.Equal(0, _token.Count("left"));
    }

    [Fact]
    public void A_key_that_is_not_there_or_not_alone_is_named()
    {
        using var vault = Open();
        var absent = Assert.Throws<LedgerDirectoryException>(() => vault.Protect(null, KeyProtection.WithToken(_token.Key("absent"), renewed: false))).Message;
        _token.Import("twin");
        _token.Import("twin");

        Assert.Contains($"the token \"{_token.Label}\" has no key \"absent\"", absent);
        Assert.Contains("cairn vault make-key", absent);
        Assert.Contains("2 keys that fit", Assert.Throws<LedgerDirectoryException>(() => vault.Protect(null, KeyProtection.WithToken(_token.Key("twin"), renewed: false))).Message);
        Assert.Contains("a key of that name already", Assert.Throws<LedgerDirectoryException>(() => TrailVault.MakeTokenKey(VaultPath, _token.Key("twin"), SoftToken.Right)).Message);
        Assert.Null(vault.Status().Token);
    }

    [Theory]
    [InlineData(CKK.CKK_AES, 16, false, true, true, "CKA_VALUE_LEN 32, found 16")]
    [InlineData(CKK.CKK_GENERIC_SECRET, 32, false, true, true, "CKA_KEY_TYPE CKK_AES, found CKK_GENERIC_SECRET")]
    [InlineData(CKK.CKK_AES, 32, true, true, true, "CKA_EXTRACTABLE False, found True")]
    [InlineData(CKK.CKK_AES, 32, false, false, true, "CKA_SENSITIVE True, found False")]
    [InlineData(CKK.CKK_AES, 32, false, true, false, "CKA_DECRYPT True, found False")]
    public void A_key_that_could_leave_the_token_or_is_of_another_kind_is_refused(CKK type, int length, bool extractable, bool sensitive, bool decrypt, string said)
    {
        _token.Import("unfit", type, length, extractable, sensitive, decrypt);
        using var vault = Open();

        Assert.Contains(said, Assert.Throws<LedgerDirectoryException>(() => vault.Protect(null, KeyProtection.WithToken(_token.Key("unfit"), renewed: false))).Message);
        Assert.Null(vault.Status().Token);
    }

    [Fact]
    public void A_key_from_outside_the_token_serves_and_is_told_apart()
    {
        _token.Import("imported");
        using var vault = Open();
        vault.Protect(null, KeyProtection.WithToken(_token.Key("imported"), renewed: false));

        Assert.False(vault.Status().Token!.MadeThere);
    }

    [Fact]
    public void Another_key_of_the_same_name_does_not_open_the_file()
    {
        Protect("kept");
        var replaced = new TokenKey(_token.Key("kept"), new TokenPins(VaultPath, SoftToken.Right));
        replaced.Destroy();
        TrailVault.MakeTokenKey(VaultPath, _token.Key("kept"), SoftToken.Right);

        Assert.Contains("found another of that name (or altered bytes)", Assert.Throws<LedgerDirectoryException>(() => Open()).Message);
    }

    [Theory]
    [InlineData("/nowhere/libtoken.so", "is missing")]
    [InlineData("/etc/hostname", "can't be loaded as a PKCS#11 module")]
    public void A_module_that_is_missing_or_none_is_named(string module, string said)
    {
        using var vault = Open();

        Assert.Contains($"{module} {said}", Assert.Throws<LedgerDirectoryException>(() =>
            vault.Protect(null, KeyProtection.WithToken(TokenUri.Parse($"pkcs11:token=x;object=y?module-path={module}"), renewed: false))).Message);
    }

    public void Dispose()
    {
        _test.Dispose();
        _token.Dispose();
    }

    private TrailVault Open() => TrailVault.Open(VaultPath, () => "correct horse battery staple", SoftToken.Right);

    private void Protect(string kind)
    {
        using var vault = Open();
        vault.Protect(null, Protection(kind));
    }

    private KeyProtection Protection(string kind)
    {
        if (kind == "kept" && _token.Count("kept") == 0)
        {
            TrailVault.MakeTokenKey(VaultPath, _token.Key("kept"), SoftToken.Right);
        }

        return kind switch
        {
            "none" => KeyProtection.None,
            "passphrase" => KeyProtection.WithPassphrase("correct horse battery staple"),
            _ => KeyProtection.WithToken(_token.Key(kind), renewed: kind == "renewed"),
        };
    }

    private string Refusal(string file) => Assert.Throws<LedgerDirectoryException>(() => TrailVault.Open(VaultPath, pin: _ => TokenPins.OfFile(file))).Message;

    private string PinFile(string pin)
    {
        var file = Path.Combine(_test.Folder, "pin");
        File.WriteAllText(file, pin);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }

    private string Copy()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_test.Folder, "copy")).FullName;
        foreach (var file in new[] { VaultPath, KeyPath })
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        return Path.Combine(folder, Path.GetFileName(VaultPath));
    }

    private static byte[] KekOf(string path)
    {
        using var json = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(path));
        return json.RootElement.GetProperty("keys")[0].GetProperty("key").GetBytesFromBase64();
    }

    private void Run(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={VaultPath};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
