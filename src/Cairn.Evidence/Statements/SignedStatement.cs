using System.Formats.Cbor;
using System.Security.Cryptography;
using Cairn.Evidence.Merkle;

namespace Cairn.Evidence.Statements;

/// <summary>
/// A SCITT Signed Statement (RFC 9943): a COSE_Sign1 (RFC 9052 §4.2) by which an emitter signs a batch of records. The
/// bytes are kept as received; they are the ledger's entry.
/// </summary>
public sealed class SignedStatement
{
    /// <summary>The most bytes that a statement may have: the entry limit of C2SP tlog-tiles.</summary>
    public const int MaxBytes = 65535;

    private const int CoseSign1Tag = 18;
    private const int SignatureBytes = 64;

    private readonly StatementHeader _header;
    private readonly ReadOnlyMemory<byte> _signature;
    private readonly Digest _toBeSigned;
    private readonly byte[]? _sigStructure;

    private SignedStatement(
        ReadOnlyMemory<byte> bytes, StatementHeader header, StatementPayload payload, byte[] sigStructure, ReadOnlyMemory<byte> signature)
    {
        Bytes = bytes;
        Payload = payload;
        Hash = Digest.Sha256(bytes.Span);
        LeafHash = MerkleHash.Leaf(bytes.Span);
        _header = header;
        _signature = signature;
        _toBeSigned = Digest.Sha256(sigStructure);
        _sigStructure = header.Algorithm == StatementAlgorithm.EdDSA ? sigStructure : null;
    }

    /// <summary>The statement exactly as its emitter encoded it.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>SHA-256 of the bytes: what the stream's next statement names as its previous one.</summary>
    public Digest Hash { get; }

    /// <summary>The ledger's leaf hash, SHA-256(0x00 ‖ bytes) (RFC 9162 §2.1.1).</summary>
    public Digest LeafHash { get; }

    /// <summary>How it is signed.</summary>
    public StatementAlgorithm Algorithm => _header.Algorithm;

    /// <summary>Who says so (CWT claim <c>iss</c>). Believed only once <see cref="Verify"/> and the verifier's trust policy agree.</summary>
    public SpiffeId Issuer => _header.Issuer;

    /// <summary>What it says.</summary>
    public StatementPayload Payload { get; }

    /// <summary>The certificates it carries (RFC 9360), leaf first; empty when it names its key in another way.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> X5Chain => _header.X5Chain;

    /// <summary>SHA-256 of the leaf certificate, from <c>x5t</c> or computed from <see cref="X5Chain"/>; null for a statement by <c>kid</c>.</summary>
    public Digest? X5t => _header.X5t;

    /// <summary>SHA-256 of the key's SubjectPublicKeyInfo; null for a statement by certificate.</summary>
    public ReadOnlyMemory<byte>? KeyId => _header.KeyId;

    /// <summary>Reads a statement. Checks its form only: use <see cref="Verify"/> for its signature.</summary>
    /// <exception cref="EvidenceFormatException">The bytes are not a statement in deterministic CBOR.</exception>
    public static SignedStatement Decode(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
        {
            throw new EvidenceFormatException($"a statement has at most {MaxBytes} bytes, found {bytes.Length}");
        }

        var cbor = new DeterministicCbor(bytes, "statement");
        cbor.ReadTag(CoseSign1Tag, "COSE_Sign1");
        cbor.ReadArray(4, "COSE_Sign1");
        var protectedHeader = cbor.ReadBytes("protected header");
        var start = cbor.At;
        if (cbor.ReadMap("unprotected header") is not 0 and var pairs)
        {
            throw cbor.Error(start, "unprotected header", "an empty map: nothing unsigned is believed", $"{pairs} pairs");
        }

        var payloadBytes = cbor.ReadBytes("payload");
        start = cbor.At;
        var signature = cbor.ReadBytes(SignatureBytes, "signature");
        cbor.End();
        var header = StatementHeader.Decode(protectedHeader);
        var payload = StatementPayload.Decode(payloadBytes);
        if (payload.Stream != header.Stream)
        {
            throw new EvidenceFormatException($"statement, sub: expected the payload's stream {payload.Stream}, found {header.Stream}");
        }

        if (header.Algorithm == StatementAlgorithm.ES256 && !LowS.Is(signature.Span))
        {
            throw cbor.Error(start, "signature", "the lower of the two values of s (docs/spec/statements.md §5)", "the higher");
        }

        return new SignedStatement(bytes, header, payload, SigStructure(protectedHeader.Span, payloadBytes.Span), signature);
    }

    /// <summary>
    /// Whether the signature is good under the key, the key is the one that the statement names, and the key is of the
    /// algorithm's type. It does not say whose key it is: see <see cref="SvidChain"/>.
    /// </summary>
    public bool Verify(StatementKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var named = KeyId is { } kid ? kid.Span.SequenceEqual(key.SpkiHash.ToArray()) : X5t == key.CertificateHash;
        return named && key.Verify(Algorithm, _toBeSigned, _sigStructure, _signature.Span);
    }

    /// <summary>Encodes and signs.</summary>
    internal static SignedStatement Create(StatementHeader header, StatementPayload payload, Func<byte[], byte[]> sign)
    {
        var protectedHeader = header.Encode();
        var payloadBytes = payload.Encode();
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteTag((CborTag)CoseSign1Tag);
        writer.WriteStartArray(4);
        writer.WriteByteString(protectedHeader);
        writer.WriteStartMap(0);
        writer.WriteEndMap();
        writer.WriteByteString(payloadBytes);
        writer.WriteByteString(sign(SigStructure(protectedHeader, payloadBytes)));
        writer.WriteEndArray();
        return Decode(writer.Encode());
    }

    /// <summary>What is signed (RFC 9052 §4.4): the context, the protected header, no external data, the payload.</summary>
    internal static byte[] SigStructure(ReadOnlySpan<byte> protectedHeader, ReadOnlySpan<byte> payload)
    {
        var writer = new CborWriter(CborConformanceMode.Canonical, initialCapacity: protectedHeader.Length + payload.Length + 32);
        writer.WriteStartArray(4);
        writer.WriteTextString("Signature1");
        writer.WriteByteString(protectedHeader);
        writer.WriteByteString([]);
        writer.WriteByteString(payload);
        writer.WriteEndArray();
        return writer.Encode();
    }
}
