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

        if (path.IsEmpty)
        {
            return false;
        }

        var (first, last) = (older.Size - 1, newer.Size - 1);
        while ((first & 1) == 1)
        {
            (first, last) = (first >> 1, last >> 1);
        }

        // An older tree of a power of two is itself the first node: the proof does not repeat it.
        var powerOfTwo = first == 0;
        var start = powerOfTwo ? older.Root : path[0];
        var (olderRoot, newerRoot) = (start, start);
        foreach (ref readonly var node in powerOfTwo ? path : path[1..])
        {
            if (last == 0)
            {
                return false;
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

        return last == 0 && olderRoot == older.Root && newerRoot == newer.Root;
    }
}
