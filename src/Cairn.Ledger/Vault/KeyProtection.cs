using System.Security.Cryptography;
using System.Text.Json;

namespace Cairn.Ledger.Vault;

/// <summary>What protects the file with the key-encryption key: nothing, a passphrase, or a key in a token.</summary>
public abstract class KeyProtection
{
    private KeyProtection()
    {
    }

    /// <summary>Nothing but the file's mode.</summary>
    public static KeyProtection None { get; } = new Bare();

    /// <summary>A passphrase.</summary>
    public static KeyProtection WithPassphrase(string passphrase) => new UnderPassphrase(passphrase);

    /// <summary>A key in a token.</summary>
    /// <param name="uri">The key.</param>
    /// <param name="renewed">
    /// Whether Cairn makes a key of its own under that label at each shredding and rotation and destroys the last one; otherwise the
    /// key is there already and stays.
    /// </param>
    public static KeyProtection WithToken(TokenUri uri, bool renewed) => new UnderToken(uri, renewed);

    internal sealed class Bare : KeyProtection;

    internal sealed class UnderPassphrase(string passphrase) : KeyProtection
    {
        private const string Derivation = "PBKDF2-HMAC-SHA256";
        private const int Iterations = 600_000; // OWASP Password Storage Cheat Sheet, PBKDF2 with HMAC-SHA-256
        private const int FewestIterations = 100_000;
        private const int MostIterations = 10_000_000;
        private const int SaltSize = 16;

        /// <summary>A new wrapping key from the passphrase, and what is needed to derive it again.</summary>
        public byte[] Derive(Utf8JsonWriter json)
        {
            var salt = RandomNumberGenerator.GetBytes(SaltSize);
            json.WriteStartObject("passphrase");
            json.WriteString("kdf", Derivation);
            json.WriteNumber("iterations", Iterations);
            json.WriteBase64String("salt", salt);
            json.WriteEndObject();
            return Rfc2898DeriveBytes.Pbkdf2(passphrase, salt, Iterations, HashAlgorithmName.SHA256, WrappedKey.KeySize);
        }

        /// <summary>The wrapping key that a file tells how to derive.</summary>
        public static (UnderPassphrase Protection, byte[] Key) Read(string path, JsonElement derivation, Func<string?> passphrase)
        {
            var (name, iterations) = (derivation.GetProperty("kdf").GetString(), derivation.GetProperty("iterations").GetInt32());
            if (name != Derivation || iterations is < FewestIterations or > MostIterations)
            {
                throw new LedgerDirectoryException($"{path}: expected {Derivation} with {FewestIterations} to {MostIterations} iterations, found \"{name}\" with {iterations}");
            }

            var secret = passphrase() ?? throw new LedgerDirectoryException($"{path} is protected by a passphrase; name the file that holds it in {VaultPassphrase.Variable}");
            return (new UnderPassphrase(secret), Rfc2898DeriveBytes.Pbkdf2(secret, derivation.GetProperty("salt").GetBytesFromBase64(), iterations, HashAlgorithmName.SHA256, WrappedKey.KeySize));
        }
    }

    internal sealed class UnderToken(TokenUri uri, bool renewed) : KeyProtection
    {
        public TokenUri Uri => uri;

        public bool Renewed => renewed;
    }
}
