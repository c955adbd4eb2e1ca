using System.Formats.Cbor;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Receipts;

/// <summary>A log's keys as COSE_Keys (RFC 9052 §7): what SCITT clients ask a transparency service for.</summary>
public static class CoseKey
{
    private const int Kty = 1, Kid = 2, Alg = 3, CrvOrPub = -1, X = -2;
    private const string LargestTree = "largest-tree";
    private const int Okp = 1, Akp = 7, Ed25519 = 6;

    /// <summary>SHA-256 of the key's required members in deterministic CBOR (RFC 9679 §3): the <c>kid</c> of a Cairn log's receipts.</summary>
    /// <exception cref="EvidenceFormatException">The key is a cosigner's.</exception>
    public static Digest Thumbprint(VerifierKey key) => Digest.Sha256(Encode(key, thumbprint: true));

    /// <summary>The COSE_Key, with its <c>kid</c> and <c>alg</c>.</summary>
    /// <exception cref="EvidenceFormatException">The key is a cosigner's.</exception>
    public static byte[] Encode(VerifierKey key) => Encode(key, thumbprint: false);

    /// <summary>The COSE_Key of a retired key, with the size of the largest tree that it speaks for under the label <c>largest-tree</c>.</summary>
    /// <exception cref="EvidenceFormatException">The key is a cosigner's.</exception>
    public static byte[] Encode(RetiredKey retired)
    {
        ArgumentNullException.ThrowIfNull(retired);
        return Encode(retired.Key, thumbprint: false, retired.Size);
    }

    /// <summary>The COSE_KeySet of these keys.</summary>
    /// <exception cref="EvidenceFormatException">A key is a cosigner's.</exception>
    public static byte[] EncodeSet(IReadOnlyList<VerifierKey> keys, IReadOnlyList<RetiredKey>? retired = null)
    {
        ArgumentNullException.ThrowIfNull(keys);
        retired ??= [];
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartArray(keys.Count + retired.Count);
        foreach (var key in keys)
        {
            writer.WriteEncodedValue(Encode(key));
        }

        foreach (var key in retired)
        {
            writer.WriteEncodedValue(Encode(key));
        }

        writer.WriteEndArray();
        return writer.Encode();
    }

    /// <summary>How receipts by this key are signed; null for a cosigner's key, which signs none.</summary>
    internal static ReceiptAlgorithm? AlgorithmOf(VerifierKey key) => key.Type switch
    {
        KeyType.Ed25519 => ReceiptAlgorithm.EdDSA,
        KeyType.MlDsa44 => ReceiptAlgorithm.MlDsa44,
        _ => null,
    };

    private static byte[] Encode(VerifierKey key, bool thumbprint, long? largestTree = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        var algorithm = AlgorithmOf(key) ?? throw new EvidenceFormatException($"COSE key: the key {key.Name}+{key.KeyId:x8} of type 0x{key.Type:x2} is a cosigner's");
        var isEd25519 = algorithm == ReceiptAlgorithm.EdDSA;
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartMap((thumbprint ? 3 : isEd25519 ? 5 : 4) + (largestTree is null ? 0 : 1));
        writer.WriteInt32(Kty);
        writer.WriteInt32(isEd25519 ? Okp : Akp);
        if (!thumbprint)
        {
            writer.WriteInt32(Kid);
            writer.WriteByteString(Thumbprint(key).ToArray());
        }

        // An AKP key is not whole without its algorithm, an OKP key without its curve (RFC 9964; RFC 9053 §7.2).
        if (!thumbprint || !isEd25519)
        {
            writer.WriteInt32(Alg);
            writer.WriteInt32((int)algorithm);
        }

        writer.WriteInt32(CrvOrPub);
        if (isEd25519)
        {
            writer.WriteInt32(Ed25519);
            writer.WriteInt32(X);
        }

        writer.WriteByteString(key.PublicKey.Span);
        if (largestTree is { } size)
        {
            writer.WriteTextString(LargestTree);
            writer.WriteInt64(size);
        }

        writer.WriteEndMap();
        return writer.Encode();
    }
}
