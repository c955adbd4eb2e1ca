using System.Formats.Cbor;
using System.Security.Cryptography;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Statements;

namespace Cairn.Evidence.Receipts;

/// <summary>
/// A COSE Receipt (RFC 9942) over a tree of RFC 9162 with SHA-256: a COSE_Sign1 whose payload, the root, is detached, so that
/// whoever verifies it must compute the root from the proof. One signature, one proof; no cosignatures.
/// </summary>
public sealed class CoseReceipt
{
    /// <summary>The most bytes that a receipt may have: a path of 64 hashes and an ML-DSA-44 signature, with room to spare.</summary>
    public const int MaxBytes = 8192;

    private const int CoseSign1Tag = 18;
    private const int VdpLabel = 396;
    private const int InclusionProofs = -1, ConsistencyProofs = -2;

    private readonly ReadOnlyMemory<byte> _protected;
    private readonly ReadOnlyMemory<byte> _signature;
    private readonly ReceiptHeader _header;

    private CoseReceipt(ReadOnlyMemory<byte> bytes, ReadOnlyMemory<byte> protectedHeader, ReceiptHeader header, ReceiptProof proof, ReadOnlyMemory<byte> signature) =>
        (Bytes, _protected, _header, Proof, _signature) = (bytes, protectedHeader, header, proof, signature);

    /// <summary>The receipt as it was received.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>How it is signed.</summary>
    public ReceiptAlgorithm Algorithm => _header.Algorithm;

    /// <summary>The key that it says it is signed by; of a Cairn log the thumbprint (<see cref="CoseKey.Thumbprint"/>).</summary>
    public ReadOnlyMemory<byte>? KeyId => _header.KeyId;

    /// <summary>The log that it says it is of: the origin.</summary>
    public string? Issuer => _header.Issuer;

    /// <summary>What it says it is about: for a statement the statement's own <c>sub</c>, its stream.</summary>
    public string? Subject => _header.Subject;

    /// <summary>What it proves.</summary>
    public ReceiptProof Proof { get; }

    /// <summary>Reads a receipt. Checks its form only: see <see cref="RootFor"/> and <see cref="Verify(VerifierKey, in Digest)"/>.</summary>
    /// <exception cref="EvidenceFormatException">The bytes are not a receipt with one proof and a detached payload.</exception>
    public static CoseReceipt Decode(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
        {
            throw new EvidenceFormatException($"a receipt has at most {MaxBytes} bytes, found {bytes.Length}");
        }

        var cbor = new DeterministicCbor(bytes, "receipt");
        cbor.ReadTag(CoseSign1Tag, "COSE_Sign1");
        cbor.ReadArray(4, "COSE_Sign1");
        var protectedHeader = cbor.ReadBytes("protected header");
        var proof = ReadProof(ref cbor);
        var start = cbor.At;
        if (!cbor.TryReadNull())
        {
            throw cbor.Error(start, "payload", "null: the root is detached (RFC 9942 §5.2.1)", "another value");
        }

        var header = ReceiptHeader.Decode(protectedHeader);
        var signature = cbor.ReadBytes(header.Algorithm == ReceiptAlgorithm.MlDsa44 ? 2420 : 64, "signature");
        cbor.End();
        return new CoseReceipt(bytes, protectedHeader, header, proof, signature);
    }

    /// <summary>Signs that the leaf at <paramref name="index"/> is in the tree of that head. The issuer is the signer's name.</summary>
    /// <param name="signer">A key of the log: of type 0x01 or 0x06.</param>
    /// <param name="subject">The statement's <c>sub</c>.</param>
    /// <param name="index">The leaf's index.</param>
    /// <param name="head">The tree; its root is what is signed.</param>
    /// <param name="path">From leaf to root.</param>
    /// <exception cref="EvidenceFormatException">The key is a cosigner's.</exception>
    public static CoseReceipt OfInclusion(CheckpointSigner signer, string subject, long index, TreeHead head, IReadOnlyList<Digest> path) =>
        Issue(signer, subject, ReceiptProof.Inclusion(head.Size, index, path), head.Root);

    /// <summary>Signs that the newer tree extends the older one. Issuer and subject are the signer's name, the log itself.</summary>
    /// <param name="signer">A key of the log: of type 0x01 or 0x06.</param>
    /// <param name="older">The older tree's size.</param>
    /// <param name="newer">The newer tree; its root is what is signed.</param>
    /// <param name="path">The consistency path (RFC 9162 §2.1.4.1).</param>
    /// <exception cref="EvidenceFormatException">The key is a cosigner's.</exception>
    public static CoseReceipt OfConsistency(CheckpointSigner signer, long older, TreeHead newer, IReadOnlyList<Digest> path)
    {
        ArgumentNullException.ThrowIfNull(signer);
        return Issue(signer, signer.VerifierKey.Name, ReceiptProof.Consistency(older, newer.Size, path), newer.Root);
    }

    /// <summary>
    /// The root that the inclusion proof leads to from a leaf; null when index, size and the path's length do not fit
    /// together, and for a receipt of consistency.
    /// </summary>
    public Digest? RootFor(in Digest leafHash) =>
        Proof.IsInclusion ? InclusionProof.RootFrom(leafHash, Proof.Second, Proof.First, [.. Proof.Path]) : null;

    /// <summary>Whether the leaf leads to a root that this key signed. The key must be the one that the receipt names, where it names one.</summary>
    public bool ProvesInclusion(in Digest leafHash, VerifierKey key) => RootFor(leafHash) is { } root && Verify(key, root);

    /// <summary>Whether the newer root extends the older one and is signed by this key.</summary>
    public bool ProvesConsistency(in Digest olderRoot, in Digest newerRoot, VerifierKey key) =>
        !Proof.IsInclusion && ConsistencyProof.Verify(new(Proof.First, olderRoot), new(Proof.Second, newerRoot), [.. Proof.Path]) && Verify(key, newerRoot);

    /// <summary>Whether the signature over this root is good under a log's key, and the key is the one named by <c>kid</c>.</summary>
    public bool Verify(VerifierKey key, in Digest root)
    {
        ArgumentNullException.ThrowIfNull(key);
        return CoseKey.AlgorithmOf(key) == Algorithm
            && (KeyId is not { } kid || kid.Span.SequenceEqual(CoseKey.Thumbprint(key).ToArray()))
            && key.VerifyMessage(ToBeSigned(root), _signature.Span);
    }

    /// <summary>Whether an ES256 signature over this root is good under a P-256 key of another service.</summary>
    public bool Verify(ECDsa key, in Digest root)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Algorithm == ReceiptAlgorithm.ES256 && key.VerifyData(ToBeSigned(root), _signature.Span, HashAlgorithmName.SHA256);
    }

    private static CoseReceipt Issue(CheckpointSigner signer, string subject, ReceiptProof proof, in Digest root)
    {
        ArgumentNullException.ThrowIfNull(signer);
        var key = signer.VerifierKey;
        var algorithm = CoseKey.AlgorithmOf(key)
            ?? throw new EvidenceFormatException($"receipt: the key {key.Name}+{key.KeyId:x8} of type 0x{key.Type:x2} is a cosigner's; a log's has type 0x01 or 0x06");
        var header = new ReceiptHeader(algorithm, CoseKey.Thumbprint(key).ToArray(), key.Name, subject).Encode();
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteTag((CborTag)CoseSign1Tag);
        writer.WriteStartArray(4);
        writer.WriteByteString(header);
        writer.WriteStartMap(1);
        writer.WriteInt32(VdpLabel);
        writer.WriteStartMap(1);
        writer.WriteInt32(proof.IsInclusion ? InclusionProofs : ConsistencyProofs);
        writer.WriteStartArray(1);
        writer.WriteByteString(proof.Encode());
        writer.WriteEndArray();
        writer.WriteEndMap();
        writer.WriteEndMap();
        writer.WriteNull();
        writer.WriteByteString(signer.SignMessage(SignedStatement.SigStructure(header, root.ToArray())));
        writer.WriteEndArray();
        return Decode(writer.Encode());
    }

    private static ReceiptProof ReadProof(ref DeterministicCbor cbor)
    {
        var start = cbor.At;
        if (cbor.ReadMap("unprotected header") is not 1 and var pairs)
        {
            throw cbor.Error(start, "unprotected header", "vdp (396) alone", $"{pairs} pairs");
        }

        start = cbor.At;
        if (cbor.ReadInteger("unprotected header") is not VdpLabel and var label)
        {
            throw cbor.Error(start, "unprotected header", "vdp (396)", $"{label}");
        }

        start = cbor.At;
        if (cbor.ReadMap("vdp") is not 1 and var kinds)
        {
            throw cbor.Error(start, "vdp", "proofs of one kind", $"{kinds} kinds");
        }

        start = cbor.At;
        var kind = cbor.ReadInteger("vdp");
        if (kind is not (InclusionProofs or ConsistencyProofs))
        {
            throw cbor.Error(start, "vdp", "-1 (inclusion) or -2 (consistency)", $"{kind}");
        }

        start = cbor.At;
        if (cbor.ReadArray("proofs") is not 1 and var count)
        {
            throw cbor.Error(start, "proofs", "one proof", $"{count}");
        }

        return ReceiptProof.Decode(cbor.ReadBytes("proof"), kind == InclusionProofs);
    }

    private byte[] ToBeSigned(in Digest root) => SignedStatement.SigStructure(_protected.Span, root.ToArray());
}
