using System.Security.Cryptography;
using System.Text.Json;
using Cairn.Identity.Files;

namespace Cairn.Ledger.Vault;

/// <summary>
/// The file with the key-encryption key that the trails' keys are wrapped under (docs/spec/data-directory.md §6). It holds one key, and
/// two while a rotation is under way. With a passphrase, each is itself wrapped under a key that is derived from it.
/// </summary>
internal sealed class KeyEncryptionFile
{
    private const string Form = "cairn-kek/1";
    private const string Derivation = "PBKDF2-HMAC-SHA256";
    private const int Iterations = 600_000; // OWASP Password Storage Cheat Sheet, PBKDF2 with HMAC-SHA-256
    private const int FewestIterations = 100_000;
    private const int MostIterations = 10_000_000;
    private const int SaltSize = 16;

    private KeyEncryptionFile(string path, string? passphrase, Dictionary<string, byte[]> keys) => (Path, Passphrase, Keys) = (path, passphrase, keys);

    /// <summary>Where it lies.</summary>
    public string Path { get; }

    /// <summary>The passphrase that protects it; null for none.</summary>
    public string? Passphrase { get; }

    /// <summary>The keys, 32 bytes each, by their ids.</summary>
    public Dictionary<string, byte[]> Keys { get; }

    /// <summary>An id for a new key.</summary>
    public static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    /// <summary>A file that is not written yet.</summary>
    public static KeyEncryptionFile Of(string path, string? passphrase, IEnumerable<KeyValuePair<string, byte[]>> keys) => new(path, passphrase, new(keys, StringComparer.Ordinal));

    /// <summary>Reads the file.</summary>
    /// <param name="path">Where it lies.</param>
    /// <param name="passphrase">Gives the passphrase; asked only when the file has one.</param>
    /// <exception cref="LedgerDirectoryException">It is missing, open to others, malformed, or protected by another passphrase.</exception>
    public static KeyEncryptionFile Read(string path, Func<string?> passphrase)
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
            if (root.GetProperty("format").GetString() != Form)
            {
                throw new LedgerDirectoryException($"{path}: expected the format {Form}, found \"{root.GetProperty("format").GetString()}\"");
            }

            var (secret, wrapping) = root.TryGetProperty("passphrase", out var derivation) ? Derive(path, derivation, passphrase) : (null, null);
            var keys = new Dictionary<string, byte[]>(StringComparer.Ordinal);
            foreach (var entry in root.GetProperty("keys").EnumerateArray())
            {
                var (id, bytes) = (entry.GetProperty("id").GetString()!, entry.GetProperty("key").GetBytesFromBase64());
                keys.Add(id, wrapping is null ? bytes
                    : WrappedKey.TryUnwrap(wrapping, bytes, Place(id), out var opened) ? opened
                    : throw new LedgerDirectoryException($"{path} does not open: expected the passphrase that it was protected with, found another (or altered bytes)"));
            }

            return keys.Count > 0 && keys.Values.All(key => key.Length == WrappedKey.KeySize)
                ? new KeyEncryptionFile(path, secret, keys)
                : throw new LedgerDirectoryException($"{path}: expected one key or more of {WrappedKey.KeySize} bytes, found {keys.Count}");
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new LedgerDirectoryException($"the key-encryption key {path} can't be read: {problem.Message}", problem);
        }
    }

    /// <summary>Writes the file, durably and whole, with mode 0600; what the old one held is overwritten where it lay.</summary>
    public void Write()
    {
        using var old = File.Exists(Path) ? new FileStream(Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete) : null;
        DurableFile.Write(Path, Encode());
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

    private static (string Passphrase, byte[] Key) Derive(string path, JsonElement derivation, Func<string?> passphrase)
    {
        var (name, iterations) = (derivation.GetProperty("kdf").GetString(), derivation.GetProperty("iterations").GetInt32());
        if (name != Derivation || iterations is < FewestIterations or > MostIterations)
        {
            throw new LedgerDirectoryException($"{path}: expected {Derivation} with {FewestIterations} to {MostIterations} iterations, found \"{name}\" with {iterations}");
        }

        var secret = passphrase() ?? throw new LedgerDirectoryException($"{path} is protected by a passphrase; name the file that holds it in {VaultPassphrase.Variable}");
        return (secret, Rfc2898DeriveBytes.Pbkdf2(secret, derivation.GetProperty("salt").GetBytesFromBase64(), iterations, HashAlgorithmName.SHA256, WrappedKey.KeySize));
    }

    private byte[] Encode()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("format", Form);
            byte[]? wrapping = null;
            if (Passphrase is not null)
            {
                var salt = RandomNumberGenerator.GetBytes(SaltSize);
                wrapping = Rfc2898DeriveBytes.Pbkdf2(Passphrase, salt, Iterations, HashAlgorithmName.SHA256, WrappedKey.KeySize);
                json.WriteStartObject("passphrase");
                json.WriteString("kdf", Derivation);
                json.WriteNumber("iterations", Iterations);
                json.WriteBase64String("salt", salt);
                json.WriteEndObject();
            }

            json.WriteStartArray("keys");
            foreach (var (id, key) in Keys)
            {
                json.WriteStartObject();
                json.WriteString("id", id);
                json.WriteBase64String("key", wrapping is null ? key : WrappedKey.Wrap(wrapping, key, Place(id)));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }
}
