using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using Cairn.Identity.Files;

namespace Cairn.Ledger.Vault;

/// <summary>
/// The file with the key-encryption key that the trails' keys are wrapped under (docs/spec/data-directory.md §6). It holds one key, and
/// two while a rotation is under way. With a passphrase, each is itself wrapped under a key that is derived from it; with a token, under a
/// key that never leaves that.
/// </summary>
internal sealed class KeyEncryptionFile
{
    private const string Form = "cairn-kek/1";
    private const string TokenForm = "cairn-kek/2";

    private KeyEncryptionFile(string path, KeyProtection protection, Dictionary<string, byte[]> keys) => (Path, Protection, Keys) = (path, protection, keys);

    /// <summary>Where it lies.</summary>
    public string Path { get; }

    /// <summary>What protects it.</summary>
    public KeyProtection Protection { get; }

    /// <summary>The keys, 32 bytes each, by their ids.</summary>
    public Dictionary<string, byte[]> Keys { get; }

    /// <summary>An id for a new key.</summary>
    public static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    /// <summary>A file that is not written yet.</summary>
    public static KeyEncryptionFile Of(string path, KeyProtection protection, IEnumerable<KeyValuePair<string, byte[]>> keys) => new(path, protection, new(keys, StringComparer.Ordinal));

    /// <summary>Reads the file.</summary>
    /// <param name="path">Where it lies.</param>
    /// <param name="passphrase">Gives the passphrase; asked only when the file has one.</param>
    /// <param name="pins">Gives the token's PIN; asked only when the file has a token.</param>
    /// <exception cref="LedgerDirectoryException">It is missing, open to others, malformed, or does not open under its passphrase or token.</exception>
    public static KeyEncryptionFile Read(string path, Func<string?> passphrase, TokenPins pins)
    {
        if (!File.Exists(path))
        {
            throw new LedgerDirectoryException($"the key-encryption key {path} is missing: the trails' keys can't be opened without it, and nothing is made in its place");
        }

        try
        {
            DurableFile.RequireOwnerOnly(path);
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = json.RootElement;
            var entries = root.GetProperty("keys").EnumerateArray().Select(entry => (Id: entry.GetProperty("id").GetString()!, Bytes: entry.GetProperty("key").GetBytesFromBase64())).ToList();
            var (protection, opened) = root.GetProperty("format").GetString() switch
            {
                Form when root.TryGetProperty("passphrase", out var derivation) => WithPassphrase(path, derivation, passphrase, entries),
                Form => (KeyProtection.None, [.. entries.Select(entry => entry.Bytes)]),
                TokenForm => WithToken(path, root.GetProperty("token"), pins, entries),
                var other => throw new LedgerDirectoryException($"{path}: expected the format {Form} or {TokenForm}, found \"{other}\""),
            };
            return opened.Count > 0 && opened.All(key => key.Length == WrappedKey.KeySize)
                ? Of(path, protection, entries.Zip(opened, (entry, key) => KeyValuePair.Create(entry.Id, key)))
                : throw new LedgerDirectoryException($"{path}: expected one key or more of {WrappedKey.KeySize} bytes, found {opened.Count}");
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new LedgerDirectoryException($"the key-encryption key {path} can't be read: {problem.Message}", problem);
        }
    }

    /// <summary>Writes the file, durably and whole, with mode 0600; what the old one held is overwritten where it lay.</summary>
    /// <param name="pins">Gives the token's PIN; asked only when a token protects it.</param>
    public void Write(TokenPins pins)
    {
        var content = Encode(pins);
        using var old = File.Exists(Path) ? new FileStream(Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete) : null;
        DurableFile.Write(Path, content);
        Overwrite(old);
    }

    /// <summary>Overwrites a file's bytes and deletes it.</summary>
    public static void Destroy(string path)
    {
        if (File.Exists(path))
        {
            using (var old = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete))
            {
                Overwrite(old);
            }

            File.Delete(path);
            DurableFile.SyncDirectory(System.IO.Path.GetDirectoryName(path)!);
        }
    }

    private static string Place(string id) => $"cairn/v1/key-encryption-key\0{id}";

    // What a file system that copies on write, or a disk that levels its wear, still has of it is beyond a program's reach.
    private static void Overwrite(FileStream? old)
    {
        if (old is not null)
        {
            old.Position = 0;
            old.Write(new byte[old.Length]);
            old.Flush(flushToDisk: true);
        }
    }

    private static (KeyProtection, IReadOnlyList<byte[]>) WithPassphrase(string path, JsonElement derivation, Func<string?> passphrase, List<(string Id, byte[] Bytes)> entries)
    {
        var (protection, wrapping) = KeyProtection.UnderPassphrase.Read(path, derivation, passphrase);
        return (protection, [.. entries.Select(entry => WrappedKey.TryUnwrap(wrapping, entry.Bytes, Place(entry.Id), out var key) ? key
            : throw new LedgerDirectoryException($"{path} does not open: expected the passphrase that it was protected with, found another (or altered bytes)"))]);
    }

    private static (KeyProtection, IReadOnlyList<byte[]>) WithToken(string path, JsonElement token, TokenPins pins, List<(string Id, byte[] Bytes)> entries)
    {
        var protection = new KeyProtection.UnderToken(TokenUri.Parse(token.GetProperty("uri").GetString()!), token.GetProperty("renewed").GetBoolean());
        var opened = new TokenKey(protection.Uri, pins).Unwrap([.. entries.Select(entry => (entry.Bytes, Place(entry.Id)))]);
        return (protection, [.. opened.Select(key => key
            ?? throw new LedgerDirectoryException($"{path} does not open: expected the key of {protection.Uri.Words} that it was wrapped under, found another of that name (or altered bytes)"))]);
    }

    private byte[] Encode(TokenPins pins)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("format", Protection is KeyProtection.UnderToken ? TokenForm : Form);
            var wrapped = Protection switch
            {
                KeyProtection.UnderPassphrase secret when secret.Derive(json) is var wrapping => [.. Keys.Select(pair => WrappedKey.Wrap(wrapping, pair.Value, Place(pair.Key)))],
                KeyProtection.UnderToken token => Encode(json, token, pins),
                _ => Keys.Values.ToList(),
            };
            json.WriteStartArray("keys");
            foreach (var (id, key) in Keys.Keys.Zip(wrapped))
            {
                json.WriteStartObject();
                json.WriteString("id", id);
                json.WriteBase64String("key", key);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private List<byte[]> Encode(Utf8JsonWriter json, KeyProtection.UnderToken token, TokenPins pins)
    {
        json.WriteStartObject("token");
        json.WriteString("uri", token.Uri.ToString());
        json.WriteBoolean("renewed", token.Renewed);
        json.WriteEndObject();
        return new TokenKey(token.Uri, pins).Wrap([.. Keys.Select(pair => (pair.Value, Place(pair.Key)))]);
    }
}
