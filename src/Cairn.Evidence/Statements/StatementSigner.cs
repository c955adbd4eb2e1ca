using System.Security.Cryptography;
using NSec.Cryptography;

namespace Cairn.Evidence.Statements;

/// <summary>Signs statements for one issuer with one key. The key stays the caller's: disposing the signer leaves it alone.</summary>
public abstract class StatementSigner : IDisposable
{
    private readonly IReadOnlyList<ReadOnlyMemory<byte>> _chain;
    private readonly Digest _keyHash;

    private protected StatementSigner(SpiffeId issuer, StatementAlgorithm algorithm, IReadOnlyList<byte[]> chain, byte[] spki)
    {
        Issuer = issuer;
        Algorithm = algorithm;
        _chain = [.. chain.Select(certificate => (ReadOnlyMemory<byte>)certificate)];
        _keyHash = chain.Count > 0 ? Digest.Sha256(chain[0]) : Digest.Sha256(spki);
    }

    /// <summary>Who signs.</summary>
    public SpiffeId Issuer { get; }

    /// <summary>How.</summary>
    public StatementAlgorithm Algorithm { get; }

    /// <summary>A signer whose statements carry or name an X.509-SVID.</summary>
    /// <param name="issuer">The SVID's SPIFFE ID.</param>
    /// <param name="key">The leaf's private key, on P-256.</param>
    /// <param name="chain">DER certificates, leaf first, without the trust domain's root.</param>
    /// <exception cref="ArgumentException">The chain is empty or too long, or the key is not the leaf's.</exception>
    public static StatementSigner WithSvid(SpiffeId issuer, ECDsa key, IReadOnlyList<byte[]> chain)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(chain);
        if (chain.Count is < 1 or > StatementHeader.MaxChain)
        {
            throw new ArgumentException($"an SVID has 1 to {StatementHeader.MaxChain} certificates, found {chain.Count}", nameof(chain));
        }

        var spki = key.ExportSubjectPublicKeyInfo();
        using var leaf = StatementKey.FromCertificate(chain[0]);
        return leaf.SpkiHash == Digest.Sha256(spki)
            ? new EcdsaStatementSigner(issuer, key, chain)
            : throw new ArgumentException($"the private key is not the one that the certificate of {issuer} names", nameof(key));
    }

    /// <summary>A signer whose statements name a bare P-256 key by the hash of its SubjectPublicKeyInfo.</summary>
    public static StatementSigner WithKey(SpiffeId issuer, ECDsa key) => new EcdsaStatementSigner(issuer, key, []);

    /// <summary>A signer whose statements name a bare Ed25519 key by the hash of its SubjectPublicKeyInfo.</summary>
    public static StatementSigner WithKey(SpiffeId issuer, Key key) => new Ed25519StatementSigner(issuer, key);

    /// <summary>Encodes and signs a statement.</summary>
    /// <param name="payload">What it says.</param>
    /// <param name="includeChain">
    /// Whether it carries the certificates (a stream's first statement, and the first one after a key change) or only
    /// names the leaf by its hash. Without effect for a bare key.
    /// </param>
    /// <exception cref="EvidenceFormatException">The payload is out of range, or the certificates make the statement too large.</exception>
    public SignedStatement Sign(StatementPayload payload, bool includeChain)
    {
        ArgumentNullException.ThrowIfNull(payload);
        var certified = _chain.Count > 0;
        var header = new StatementHeader(
            Algorithm, Issuer, payload.Stream,
            includeChain ? _chain : [],
            certified && !includeChain ? _keyHash : null,
            certified ? (ReadOnlyMemory<byte>?)null : _keyHash.ToArray());
        return SignedStatement.Create(header, payload, SignBytes);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the signer itself holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    private protected abstract byte[] SignBytes(byte[] message);
}

/// <summary>ES256.</summary>
internal sealed class EcdsaStatementSigner(SpiffeId issuer, ECDsa key, IReadOnlyList<byte[]> chain)
    : StatementSigner(issuer, StatementAlgorithm.ES256, chain, SpkiOf(key))
{
    private protected override byte[] SignBytes(byte[] message)
    {
        var signature = key.SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        LowS.Normalize(signature);
        return signature;
    }

    private static byte[] SpkiOf(ECDsa key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.ExportParameters(false).Curve.Oid.Value == "1.2.840.10045.3.1.7"
            ? key.ExportSubjectPublicKeyInfo()
            : throw new ArgumentException("expected a key on P-256, found one on another curve", nameof(key));
    }
}

/// <summary>EdDSA with Ed25519.</summary>
internal sealed class Ed25519StatementSigner(SpiffeId issuer, Key key)
    : StatementSigner(issuer, StatementAlgorithm.EdDSA, [], SpkiOf(key))
{
    private protected override byte[] SignBytes(byte[] message) => SignatureAlgorithm.Ed25519.Sign(key, message);

    private static byte[] SpkiOf(Key key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.Algorithm is Ed25519
            ? Ed25519Spki.Write(key.PublicKey.Export(KeyBlobFormat.RawPublicKey))
            : throw new ArgumentException("expected an Ed25519 key, found another", nameof(key));
    }
}
