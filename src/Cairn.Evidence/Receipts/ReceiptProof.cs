using System.Formats.Cbor;
using Cairn.Evidence.Statements;

namespace Cairn.Evidence.Receipts;

/// <summary>
/// What a COSE Receipt proves about a tree of RFC 9162: that a leaf is in it (RFC 9942 §5.2), or that it extends an older
/// tree (§5.3). Both are encoded as two numbers and a path of hashes.
/// </summary>
/// <param name="First">The tree's size for inclusion, the older tree's size for consistency.</param>
/// <param name="Second">The leaf's index for inclusion, the newer tree's size for consistency.</param>
/// <param name="Path">The hashes, in the order of RFC 9162 §2.1.3 and §2.1.4; none in a tree of one leaf.</param>
/// <param name="IsInclusion">Which of the two it is.</param>
public sealed record ReceiptProof(long First, long Second, IReadOnlyList<Digest> Path, bool IsInclusion)
{
    /// <summary>The most hashes of a path: a tree of 2^63 leaves has 63 levels, and a consistency path one hash more.</summary>
    public const int MaxPath = 64;

    /// <summary>A proof that the leaf at <paramref name="index"/> is in the tree of <paramref name="size"/> leaves.</summary>
    public static ReceiptProof Inclusion(long size, long index, IReadOnlyList<Digest> path) => new(size, index, path, true);

    /// <summary>A proof that the tree of <paramref name="newer"/> leaves extends that of <paramref name="older"/> leaves.</summary>
    public static ReceiptProof Consistency(long older, long newer, IReadOnlyList<Digest> path) => new(older, newer, path, false);

    /// <summary>The size of the tree whose root is signed.</summary>
    public long Size => IsInclusion ? First : Second;

    internal byte[] Encode()
    {
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartArray(3);
        writer.WriteInt64(First);
        writer.WriteInt64(Second);
        writer.WriteStartArray(Path.Count);
        foreach (var hash in Path)
        {
            writer.WriteByteString(hash.ToArray());
        }

        writer.WriteEndArray();
        writer.WriteEndArray();
        return writer.Encode();
    }

    internal static ReceiptProof Decode(ReadOnlyMemory<byte> bytes, bool isInclusion)
    {
        var thing = isInclusion ? "receipt inclusion proof" : "receipt consistency proof";
        var cbor = new DeterministicCbor(bytes, thing);
        cbor.ReadArray(3, "proof");
        var first = cbor.ReadUnsigned(long.MaxValue, isInclusion ? "tree-size" : "tree-size-1");
        var second = cbor.ReadUnsigned(long.MaxValue, isInclusion ? "leaf-index" : "tree-size-2");
        var start = cbor.At;
        var count = cbor.ReadArray("path");
        if (count > MaxPath)
        {
            throw cbor.Error(start, "path", $"at most {MaxPath} hashes", $"{count}");
        }

        var path = new Digest[count];
        for (var i = 0; i < count; i++)
        {
            path[i] = new Digest(cbor.ReadBytes(Digest.Size, "path hash").Span);
        }

        cbor.End();
        var fits = isInclusion ? second < first : first <= second;
        return fits
            ? new ReceiptProof(first, second, path, isInclusion)
            : throw new EvidenceFormatException(isInclusion
                ? $"{thing}: expected a leaf-index below the tree-size {first}, found {second}"
                : $"{thing}: expected a tree-size-2 of at least tree-size-1 {first}, found {second}");
    }
}
