namespace Cairn.Evidence.Merkle;

/// <summary>Verification of consistency proofs (RFC 9162 §2.1.4.2).</summary>
public static class ConsistencyProof
{
    /// <summary>
    /// Whether the newer tree is an append-only extension of the older. Size 0 is consistent with every tree, and equal
    /// sizes with equal roots, both by an empty path only.
    /// </summary>
    public static bool Verify(TreeHead older, TreeHead newer, ReadOnlySpan<Digest> path)
    {
        if (older.Size < 0 || older.Size > newer.Size)
        {
            return false;
        }

        if (older.Size == 0 || older.Size == newer.Size)
        {
            return path.IsEmpty && older.Root == (older.Size == 0 ? MerkleHash.EmptyTree : newer.Root);
        }

        return RootFrom(older, newer.Size, path) is { } root && root == newer.Root;
    }

    /// <summary>
    /// The root of the tree of <paramref name="newer"/> leaves that a consistency path leads to from an older tree; null when it does not lead from that
    /// one, or sizes and the path's length do not fit together. The older tree has a leaf at least.
    /// </summary>
    public static Digest? RootFrom(TreeHead older, long newer, ReadOnlySpan<Digest> path)
    {
        if (older.Size < 1 || older.Size > newer)
        {
            return null;
        }

        if (older.Size == newer)
        {
            return path.IsEmpty ? older.Root : null;
        }

        // An older tree of a power of two is itself the first node: the proof does not repeat it.
        var roots = IsPowerOfTwo(older.Size) ? Fold(older.Size, newer, older.Root, path)
            : path.IsEmpty ? null
            : Fold(older.Size, newer, path[0], path[1..]);
        return roots is { } found && found.Older == older.Root ? found.Newer : null;
    }

    /// <summary>
    /// The two roots that a prefix path leads to: that of the tree of <paramref name="newer"/> leaves, and that which its first
    /// <paramref name="older"/> leaves have. A prefix path is a consistency path that always begins with the node that the
    /// fold starts from, which a consistency path leaves out where the older size is a power of two
    /// (docs/spec/witnessing.md §6). Null when sizes and the path's length do not fit together.
    /// </summary>
    public static (Digest Older, Digest Newer)? PrefixRoots(long older, long newer, ReadOnlySpan<Digest> path) =>
        older < 1 || older >= newer || path.IsEmpty ? null : Fold(older, newer, path[0], path[1..]);

    /// <summary>Whether a consistency path from that size leaves out the node that the fold starts from: the older root itself.</summary>
    public static bool IsPowerOfTwo(long size) => size > 0 && (size & (size - 1)) == 0;

    private static (Digest Older, Digest Newer)? Fold(long older, long newer, in Digest start, ReadOnlySpan<Digest> rest)
    {
        var (first, last) = (older - 1, newer - 1);
        while ((first & 1) == 1)
        {
            (first, last) = (first >> 1, last >> 1);
        }

        var (olderRoot, newerRoot) = (start, start);
        foreach (ref readonly var node in rest)
        {
            if (last == 0)
            {
                return null;
            }

            if ((first & 1) == 1 || first == last)
            {
                olderRoot = MerkleHash.Node(node, olderRoot);
                newerRoot = MerkleHash.Node(node, newerRoot);
                while ((first & 1) == 0 && first != 0)
                {
                    (first, last) = (first >> 1, last >> 1);
                }
            }
            else
            {
                newerRoot = MerkleHash.Node(newerRoot, node);
            }

            (first, last) = (first >> 1, last >> 1);
        }

        return last == 0 ? (olderRoot, newerRoot) : null;
    }
}
