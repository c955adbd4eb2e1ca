using System.Buffers;
using System.Runtime.CompilerServices;

namespace Cairn.Evidence.Merkle;

/// <summary>The three hashes of RFC 9162 §2.1.1, with SHA-256.</summary>
public static class MerkleHash
{
    /// <summary>The root of the tree without leaves: SHA-256 of nothing.</summary>
    public static Digest EmptyTree { get; } = Digest.Sha256([]);

    /// <summary>SHA-256(0x00 ‖ entry).</summary>
    [SkipLocalsInit] // each byte that is hashed is written first; clearing the rest costs a fifth of the hash
    public static Digest Leaf(ReadOnlySpan<byte> entry)
    {
        const int OnStack = 2048;
        byte[]? rented = null;
        var buffer = entry.Length < OnStack ? stackalloc byte[OnStack] : rented = ArrayPool<byte>.Shared.Rent(entry.Length + 1);
        buffer[0] = 0x00;
        entry.CopyTo(buffer[1..]);
        var hash = Digest.Sha256(buffer[..(entry.Length + 1)]);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return hash;
    }

    /// <summary>SHA-256(0x01 ‖ left ‖ right).</summary>
    public static Digest Node(in Digest left, in Digest right)
    {
        Span<byte> buffer = stackalloc byte[1 + (2 * Digest.Size)];
        buffer[0] = 0x01;
        left.CopyTo(buffer[1..]);
        right.CopyTo(buffer[(1 + Digest.Size)..]);
        return Digest.Sha256(buffer);
    }
}
