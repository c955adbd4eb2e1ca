using System.Security.Cryptography;
using System.Text;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Evidence.Statements;

namespace Cairn.Cli.Identity;

/// <summary>A file with a certificate or a public key, PEM or DER.</summary>
internal static class KeyFile
{
    /// <summary>SHA-256 of the key's SubjectPublicKeyInfo.</summary>
    /// <exception cref="CliException">The file holds something else.</exception>
    public static Digest Thumbprint(string path)
    {
        var bytes = File.ReadAllBytes(path);
        try
        {
            if (!PemEncoding.TryFind(Encoding.ASCII.GetString(bytes), out var pem))
            {
                return Of(bytes, null);
            }

            var text = Encoding.ASCII.GetString(bytes);
            return Of(Convert.FromBase64String(text[pem.Base64Data]), text[pem.Label]);
        }
        catch (EvidenceFormatException problem)
        {
            throw new CliException($"{path} holds no certificate or public key, on P-256 or Ed25519: {problem.Message}");
        }
    }

    private static Digest Of(byte[] der, string? label)
    {
        if (label is not (null or "CERTIFICATE" or "PUBLIC KEY"))
        {
            throw new EvidenceFormatException($"expected a PEM block CERTIFICATE or PUBLIC KEY, found {label}");
        }

        StatementKey key;
        try
        {
            key = label == "PUBLIC KEY" ? StatementKey.FromSpki(der) : StatementKey.FromCertificate(der);
        }
        catch (EvidenceFormatException) when (label is null)
        {
            key = StatementKey.FromSpki(der);
        }

        using (key)
        {
            return key.SpkiHash;
        }
    }
}
