using System.Security.Cryptography;
using Cairn.Evidence;
using Cairn.Identity.Files;
using Cairn.Ledger.Vault;
using Microsoft.Data.Sqlite;

namespace Cairn.Ledger;

/// <summary>How a vault stands.</summary>
/// <param name="Keys">Trails whose keys it has.</param>
/// <param name="Shredded">Trails whose keys were destroyed.</param>
/// <param name="KeyEncryptionKey">Id of the key-encryption key in use.</param>
/// <param name="File">The file that it lies in.</param>
/// <param name="HasPassphrase">Whether a passphrase protects that file.</param>
/// <param name="Token">The key in a token that protects that file; null for none.</param>
/// <param name="TokenKeysLeft">Keys in tokens that are still to be destroyed, because their token was not there.</param>
public sealed record VaultStatus(int Keys, int Shredded, string KeyEncryptionKey, string File, bool HasPassphrase, VaultToken? Token, IReadOnlyList<string> TokenKeysLeft);

/// <summary>The key in a token that a vault's key-encryption key is wrapped under.</summary>
/// <param name="Uri">Its name.</param>
/// <param name="IsRenewed">Whether each shredding and rotation makes another and destroys it.</param>
/// <param name="MadeThere">Whether it was made in the token and was never outside; otherwise a copy may exist.</param>
public sealed record VaultToken(TokenUri Uri, bool IsRenewed, bool MadeThere);

/// <summary>
/// The trails' keys, from which content and commitment keys are derived, wrapped under a key-encryption key that lies in a file of its
/// own (docs/spec/data-directory.md §6). Destroying one shreds the trail's content; its records still verify. One file (mode 0600)
/// for all processes on a data directory.
/// </summary>
public sealed class TrailVault : IDisposable
{
    /// <summary>The name of the key-encryption key's file beside the vault, where no other place was chosen.</summary>
    public const string DefaultKeyFile = "vault.kek";

    private const string Format = "2";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly VaultStore _store;
    private readonly Func<string?> _passphrase;
    private readonly TokenPins _pins;
    private readonly Lock _turn = new();
    private readonly Dictionary<TraceId, byte[]> _known = [];
    private KeyEncryptionFile _file = null!;
    private long _version;

    private TrailVault(VaultStore store, Func<string?> passphrase, TokenPins pins) => (_store, _passphrase, _pins) = (store, passphrase, pins);

    private string LockPath => $"{_store.Path}.lock";

    private string KeyFile => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(_store.Path))!, _store.Meta("kek_file")!);

    /// <summary>Opens the vault, or makes it. One whose keys lie in clear gets a key-encryption key first.</summary>
    /// <param name="path">The vault's file.</param>
    /// <param name="passphrase">Gives the passphrase where one is needed; null for the file that <see cref="VaultPassphrase.Variable"/> names.</param>
    /// <param name="pin">Gives the PIN where the key is in a token; null for <see cref="TokenPins.FromEnvironment"/>.</param>
    /// <param name="tryPin">Try the PIN even if it was refused before: a person asked for it.</param>
    /// <exception cref="LedgerDirectoryException">It can't be opened, or its key-encryption key is missing or another.</exception>
    public static TrailVault Open(string path, Func<string?>? passphrase = null, Func<TokenUri, TokenPin?>? pin = null, bool tryPin = false)
    {
        VaultStore? store = null;
        try
        {
            store = VaultStore.Open(path);
            var vault = new TrailVault(store, passphrase ?? VaultPassphrase.FromEnvironment, new TokenPins(path, pin, tryPin));
            vault.Start();
            return vault;
        }
        catch (Exception problem) when (problem is SqliteException or IOException or UnauthorizedAccessException or TimeoutException)
        {
            store?.Dispose();
            throw new LedgerDirectoryException($"the vault {path} can't be opened: {problem.Message}", problem);
        }
        catch (LedgerDirectoryException)
        {
            store?.Dispose();
            throw;
        }
    }

    /// <summary>Whether a trail's key was destroyed. Needs no key-encryption key.</summary>
    /// <exception cref="LedgerDirectoryException">The vault can't be read.</exception>
    public static bool IsShredded(string path, TraceId trace)
    {
        try
        {
            using var store = VaultStore.Open(path);
            return store.Meta("format") is not null && store.Find(trace) is { Key: null };
        }
        catch (SqliteException problem)
        {
            throw new LedgerDirectoryException($"the vault {path} can't be opened: {problem.Message}", problem);
        }
    }

    /// <summary>The trail's key of 32 bytes; makes it, durably, when there is none. All processes get the same.</summary>
    /// <exception cref="LedgerDirectoryException">The trail's key was shredded, or the vault can't be written.</exception>
    public byte[] KeyFor(TraceId trace)
    {
        lock (_turn)
        {
            return Guarded($"can't keep a key for trail {trace}", () =>
            {
                ForgetWhatOthersChanged();
                if (!_known.TryGetValue(trace, out var known))
                {
                    known = (_store.Find(trace) ?? Make(trace)) is { Key: not null } row
                        ? Unwrap(row)
                        : throw new LedgerDirectoryException($"the key of trail {trace} was shredded; no content can be added to it");
                    _known[trace] = known;
                }

                return (byte[])known.Clone();
            });
        }
    }

    /// <summary>The trail's key if there is one.</summary>
    /// <exception cref="LedgerDirectoryException">It does not open under the key-encryption key.</exception>
    public bool TryGet(TraceId trace, out byte[] key)
    {
        lock (_turn)
        {
            key = Guarded($"can't be asked for the key of trail {trace}", () => _store.Find(trace) is { Key: not null } row ? Unwrap(row) : []);
            return key.Length > 0;
        }
    }

    /// <summary>
    /// Destroys the trail's key for good: it goes, the others are wrapped anew under a new key-encryption key, and the old one is
    /// destroyed, so that copies of the vault from before do not open either. False when there was none.
    /// </summary>
    /// <exception cref="LedgerDirectoryException">The vault can't be written; what is half done is completed at the next opening.</exception>
    public bool Shred(TraceId trace)
    {
        lock (_turn)
        {
            return Guarded($"can't shred trail {trace}", () => Renew(null, trace));
        }
    }

    /// <summary>Wraps all keys under a new key-encryption key and destroys the old one. No content is touched.</summary>
    /// <exception cref="LedgerDirectoryException">The vault or the key's file can't be written; what is half done is completed at the next opening.</exception>
    public void Rotate()
    {
        lock (_turn)
        {
            Guarded("can't change its key-encryption key", () => Renew(null, null));
        }
    }

    /// <summary>Rotates into another file, or under another protection.</summary>
    /// <param name="file">Where the new key-encryption key is to lie; null for where it lies.</param>
    /// <param name="protection">What is to protect it.</param>
    /// <exception cref="LedgerDirectoryException">There is a file in that place, one can't be written, or the token or its key is missing or unfit.</exception>
    public void Protect(string? file, KeyProtection protection)
    {
        lock (_turn)
        {
            Guarded("can't change its key-encryption key", () => Renew((file is null ? KeyFile : Path.GetFullPath(file), protection), null));
        }
    }

    /// <summary>Makes a key in a token that <see cref="KeyProtection.WithToken"/> can name.</summary>
    /// <param name="path">The vault's file; a refused PIN is marked beside it.</param>
    /// <param name="uri">The key's name; without an id it gets a random one.</param>
    /// <param name="pin">Gives the PIN; null for <see cref="TokenPins.FromEnvironment"/>.</param>
    /// <param name="tryPin">Try the PIN even if it was refused before: a person asked for it.</param>
    /// <returns>The name with the id.</returns>
    /// <exception cref="LedgerDirectoryException">There is such a key already, the token is missing, or refuses.</exception>
    public static TokenUri MakeTokenKey(string path, TokenUri uri, Func<TokenUri, TokenPin?>? pin = null, bool tryPin = false) => TokenKey.Make(uri, new TokenPins(path, pin, tryPin));

    /// <summary>How the vault stands.</summary>
    public VaultStatus Status()
    {
        lock (_turn)
        {
            return Guarded("can't be read", () =>
            {
                var rows = _store.All();
                var token = _file.Protection is KeyProtection.UnderToken under ? new VaultToken(under.Uri, under.Renewed, new TokenKey(under.Uri, _pins).Check().MadeThere) : null;
                return new VaultStatus(
                    rows.Count(row => row.Key is not null), rows.Count(row => row.Key is null), _store.Meta("kek")!, KeyFile, _file.Protection is KeyProtection.UnderPassphrase, token,
                    [.. TokenKeysLeft]);
            });
        }
    }

    /// <summary>Closes the vault and forgets the keys in memory.</summary>
    public void Dispose()
    {
        Forget();
        foreach (var key in _file.Keys.Values)
        {
            CryptographicOperations.ZeroMemory(key);
        }

        _store.Dispose();
    }

    private static string Place(string trace) => $"cairn/v1/trail-key\0{trace}";

    private void Start()
    {
        if (_store.Meta("format") is null)
        {
            using var guard = FileLock.Take(LockPath, Patience);
            if (_store.Meta("format") is null)
            {
                WrapFirst();
            }
        }

        if (_store.Meta("format") is var format && format != Format)
        {
            throw new LedgerDirectoryException($"the vault {_store.Path} has format {format}; this program reads format {Format}");
        }

        Reload();
        if (_store.Meta("unfinished") is not null && FileLock.TryTake(LockPath) is { } free)
        {
            using (free)
            {
                Settle();
            }
        }

        _version = _store.Version;
    }

    // A file that is there already was written by a start that was killed before its transaction.
    private void WrapFirst()
    {
        var path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(_store.Path))!, DefaultKeyFile);
        if (!File.Exists(path))
        {
            KeyEncryptionFile.Of(path, KeyProtection.None, [new(KeyEncryptionFile.NewId(), RandomNumberGenerator.GetBytes(WrappedKey.KeySize))]).Write(_pins);
        }

        _file = KeyEncryptionFile.Read(path, _passphrase, _pins);
        var (id, kek) = _file.Keys.Last();
        using (var transaction = _store.Begin())
        {
            foreach (var row in _store.AddKekColumn().Where(row => row.Key is not null))
            {
                _store.Put(new VaultRow(row.Trace, WrappedKey.Wrap(kek, row.Key, Place(row.Trace)), id));
            }

            _store.SetMeta("format", Format);
            _store.SetMeta("kek", id);
            _store.SetMeta("kek_file", DefaultKeyFile);
            _store.SetMeta("unfinished", "1");
            transaction.Commit();
        }

        Settle();
    }

    // The order of effects: the new key is durable → one transaction wraps every trail's key under it, without the shredded one → the
    // vault's file and log are cleared of what was there → the old key is destroyed. Killed in between, the vault opens with what
    // it has, and the next opening does the rest. A key in a token that is made for this has its name in the vault before it is made, and the
    // one that it follows is destroyed at the very end.
    private bool Renew((string Path, KeyProtection Protection)? place, TraceId? shred)
    {
        using var guard = FileLock.Take(LockPath, Patience);
        Reload();
        if (_store.Meta("unfinished") is not null)
        {
            Settle();
        }

        var (path, protection) = place ?? (_file.Path, _file.Protection);
        var moves = path != _file.Path;
        if (moves && File.Exists(path))
        {
            throw new LedgerDirectoryException($"there is a file at {path} already, and a key-encryption key is not put in its place; delete it if an interrupted change left it");
        }

        var (id, kek) = (KeyEncryptionFile.NewId(), RandomNumberGenerator.GetBytes(WrappedKey.KeySize));
        protection = RenewTokenKey(protection);
        var next = KeyEncryptionFile.Of(path, protection, [.. moves ? [] : _file.Keys, new(id, kek)]);
        next.Write(_pins);
        var had = false;
        using (var transaction = _store.Begin())
        {
            foreach (var row in _store.All().Where(row => row.Key is not null && row.Trace != shred?.ToString()))
            {
                _store.Put(new VaultRow(row.Trace, WrappedKey.Wrap(kek, Unwrap(row), Place(row.Trace)), id));
            }

            if (shred is { } trace)
            {
                had = _store.Find(trace) is { Key: not null };
                _store.Put(new VaultRow(trace.ToString(), null, null));
            }

            _store.SetMeta("kek", id);
            _store.SetMeta("kek_file", moves ? path : _store.Meta("kek_file"));
            _store.SetMeta("retiring", moves ? _file.Path : null);
            _store.SetMeta("unfinished", "1");
            transaction.Commit();
        }

        var replaced = (_file.Protection as KeyProtection.UnderToken)?.Uri.ToString();
        _file = next;
        Forget();
        Settle(replaced);
        return had;
    }

    private void Settle(string? replaced = null)
    {
        var current = _store.Meta("kek")!;
        _store.Purge();
        if (_file.Keys.Count > 1)
        {
            _file = KeyEncryptionFile.Of(_file.Path, _file.Protection, _file.Keys.Where(pair => pair.Key == current));
            _file.Write(_pins);
        }

        if (_store.Meta("retiring") is { } retiring)
        {
            KeyEncryptionFile.Destroy(retiring);
        }

        _store.SetMeta("retiring", null);
        LedgerDirectoryException? left = null;
        foreach (var uri in TokenKeysLeft.ToList())
        {
            try
            {
                new TokenKey(TokenUri.Parse(uri), _pins).Destroy();
                _store.SetMeta("token_keys", string.Join('\n', TokenKeys.Where(other => other != uri)));
            }
            catch (LedgerDirectoryException problem)
            {
                // A vault whose key is elsewhere by now works without the token that it left: the mark stays, `cairn vault status` shows
                // it, and each opening and change tries again.
                left = uri == replaced ? problem : left;
            }
        }

        if (!TokenKeysLeft.Any())
        {
            _store.SetMeta("token_keys", null);
            _store.SetMeta("unfinished", null);
        }

        if (left is not null)
        {
            throw new LedgerDirectoryException($"the vault {_store.Path} has a new key-encryption key, but the old one's key in the token could not be destroyed and opens old copies of the key file: {left.Message}. The next opening with the token there destroys it", left);
        }
    }

    // The keys in tokens that a change is between: all but the one in use go at its end.
    private List<string> TokenKeys => [.. (_store.Meta("token_keys") ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries)];

    private IEnumerable<string> TokenKeysLeft => TokenKeys.Where(uri => uri != (_file.Protection as KeyProtection.UnderToken)?.Uri.ToString());

    private KeyProtection RenewTokenKey(KeyProtection protection)
    {
        List<string> between = _file.Protection is KeyProtection.UnderToken { Renewed: true } last ? [last.Uri.ToString()] : [];
        if (protection is not KeyProtection.UnderToken token)
        {
            Mark(between);
            return protection;
        }

        if (!token.Renewed)
        {
            new TokenKey(token.Uri, _pins).Check();
            Mark(between);
            return protection;
        }

        var uri = token.Uri.WithId(RandomNumberGenerator.GetBytes(16));
        Mark([.. between, uri.ToString()]);
        TokenKey.Make(uri, _pins);
        return new KeyProtection.UnderToken(uri, renewed: true);
    }

    private void Mark(List<string> between)
    {
        if (between.Count > 0)
        {
            using var transaction = _store.Begin();
            _store.SetMeta("token_keys", string.Join('\n', TokenKeys.Union(between)));
            _store.SetMeta("unfinished", "1");
            transaction.Commit();
        }
    }

    private void Reload()
    {
        _file = KeyEncryptionFile.Read(KeyFile, _passphrase, _pins);
        var current = _store.Meta("kek")!;
        if (!_file.Keys.ContainsKey(current))
        {
            throw new LedgerDirectoryException(
                $"{_file.Path} is not the key-encryption key of {_store.Path}: expected the key {current}, found {string.Join(", ", _file.Keys.Keys)}. Vaults from before a rotation or a shredding do not open any more");
        }
    }

    private VaultRow? Make(TraceId trace)
    {
        using var transaction = _store.Begin();
        if (_store.Find(trace) is { } made)
        {
            return made;
        }

        var id = _store.Meta("kek")!;
        var row = new VaultRow(trace.ToString(), WrappedKey.Wrap(Kek(id), RandomNumberGenerator.GetBytes(WrappedKey.KeySize), Place(trace.ToString())), id);
        _store.Put(row);
        transaction.Commit();
        return row;
    }

    private byte[] Unwrap(VaultRow row) =>
        row.Kek is { } id && WrappedKey.TryUnwrap(Kek(id), row.Key, Place(row.Trace), out var key)
            ? key
            : throw new LedgerDirectoryException($"the key of trail {row.Trace} does not open under the key-encryption key {row.Kek ?? "(none named)"} of {_file.Path}: the vault was altered");

    // Another process may have changed the key-encryption key since.
    private byte[] Kek(string id)
    {
        if (!_file.Keys.TryGetValue(id, out var kek))
        {
            Reload();
            kek = _file.Keys.GetValueOrDefault(id) ?? throw new LedgerDirectoryException($"{_file.Path} has no key {id}, under which {_store.Path} has a trail's key");
        }

        return kek;
    }

    private void ForgetWhatOthersChanged()
    {
        if (_store.Version is var version && version != _version)
        {
            Forget();
            _version = version;
        }
    }

    private void Forget()
    {
        foreach (var key in _known.Values)
        {
            CryptographicOperations.ZeroMemory(key);
        }

        _known.Clear();
    }

    private T Guarded<T>(string what, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteException problem)
        {
            if (Journal.JournalFailure.IsFsync(problem))
            {
                EmbeddedLedgerOptions.EndProcess("fsync failed on the vault: what is on disk is unknown", problem);
            }

            throw new LedgerDirectoryException($"the vault {_store.Path} {what}: {problem.Message}", problem);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or TimeoutException)
        {
            throw new LedgerDirectoryException($"the vault {_store.Path} {what}: {problem.Message}", problem);
        }
    }
}
