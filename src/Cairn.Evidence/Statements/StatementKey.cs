using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using NSec.Cryptography;
using PublicKey = NSec.Cryptography.PublicKey;

namespace Cairn.Evidence.Statements;

/// <summary>A public key that statements are verified with: P-256 or Ed25519. Safe to share between threads.</summary>
public sealed class StatementKey : IDisposable
{
    private readonly ECDsa? _ecdsa;
    private readonly PublicKey? _ed25519;

    private StatementKey(byte[] spki, Digest? certificateHash)
    {
        SpkiHash = Digest.Sha256(spki);
        CertificateHash = certificateHash;
        if (Ed25519Spki.TryRead(spki, out var raw))
        {
            _ed25519 = PublicKey.TryImport(SignatureAlgorithm.Ed25519, raw, KeyBlobFormat.RawPublicKey, out var key)
                ? key
                : throw new EvidenceFormatException("public key: expected an Ed25519 point, found other bytes");
            return;
        }

        var ecdsa = ECDsa.Create();
        try
        {
            ecdsa.ImportSubjectPublicKeyInfo(spki, out var read);
            if (read != spki.Length || ecdsa.ExportParameters(false).Curve.Oid.Value != "1.2.840.10045.3.1.7")
            {
                throw new EvidenceFormatException("public key: expected a key on P-256 or Ed25519, found another");
            }

            _ecdsa = ecdsa;
        }
        catch (Exception error) when (error is CryptographicException or PlatformNotSupportedException)
        {
            // A curve that OpenSSL does not know is reported as the platform's lack.
            ecdsa.Dispose();
            throw new EvidenceFormatException("public key: expected a SubjectPublicKeyInfo for P-256 or Ed25519, found other bytes", error);
        }
        catch (EvidenceFormatException)
        {
            ecdsa.Dispose();
            throw;
        }
    }

    /// <summary>How statements name this key: SHA-256 of the certificate when it came from one, of the SubjectPublicKeyInfo else.</summary>
    public Digest Thumbprint => CertificateHash ?? SpkiHash;

    /// <summary>SHA-256 of the SubjectPublicKeyInfo: the <c>kid</c>.</summary>
    public Digest SpkiHash { get; }

    /// <summary>SHA-256 of the certificate that the key came from: the <c>x5t</c>.</summary>
    public Digest? CertificateHash { get; }

    /// <summary>The key of an X.509 certificate. Says nothing of whether the certificate is to be trusted: see <see cref="SvidChain"/>.</summary>
    /// <exception cref="EvidenceFormatException">The bytes are not a certificate, or its key is of another type.</exception>
    public static StatementKey FromCertificate(ReadOnlySpan<byte> der)
    {
        try
        {
            using var certificate = DerCertificate.Load(der);
            return new StatementKey(certificate.PublicKey.ExportSubjectPublicKeyInfo(), Digest.Sha256(der));
        }
        catch (CryptographicException error)
        {
            throw new EvidenceFormatException("certificate: expected DER of an X.509 certificate, found other bytes", error);
        }
    }

    /// <summary>A key from its SubjectPublicKeyInfo (RFC 5280 §4.1).</summary>
    /// <exception cref="EvidenceFormatException">The bytes are something else, or the key is of another type.</exception>
    public static StatementKey FromSpki(ReadOnlySpan<byte> der) => new(der.ToArray(), null);

    /// <inheritdoc/>
    public void Dispose() => _ecdsa?.Dispose();

    /// <summary>Verifies; false when the key is not of the algorithm's type.</summary>
    internal bool Verify(StatementAlgorithm algorithm, in Digest toBeSigned, byte[]? message, ReadOnlySpan<byte> signature) => algorithm switch
    {
        StatementAlgorithm.ES256 when _ecdsa is not null => _ecdsa.VerifyHash(toBeSigned.ToArray(), signature),
        StatementAlgorithm.EdDSA when _ed25519 is not null => SignatureAlgorithm.Ed25519.Verify(_ed25519, message, signature),
        _ => false,
    };
}

/// <summary>The SubjectPublicKeyInfo of Ed25519 keys (RFC 8410 §4), which .NET's own classes do not read: a fixed prefix and 32 bytes.</summary>
internal static class Ed25519Spki
{
    private static ReadOnlySpan<byte> Prefix => [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

    public static bool TryRead(ReadOnlySpan<byte> spki, out byte[] raw)
    {
        var good = spki.Length == Prefix.Length + 32 && spki.StartsWith(Prefix);
        raw = good ? spki[Prefix.Length..].ToArray() : [];
        return good;
    }

    public static byte[] Write(ReadOnlySpan<byte> raw) => [.. Prefix, .. raw];
}
