namespace Cairn.Evidence.Merkle;

/// <summary>Verification of inclusion proofs (RFC 9162 §2.1.3.2).</summary>
public static class InclusionProof
{
    /// <summary>Whether the path leads from the leaf at <paramref name="index"/> to the root of the tree of that size.</summary>
    public static bool Verify(in Digest leafHash, long index, long size, ReadOnlySpan<Digest> path, in Digest root) =>
        RootFrom(leafHash, index, size, path) is { } found && found == root;

    /// <summary>The root that the path leads to; null when index, size and the path's length do not fit together.</summary>
    public static Digest? RootFrom(in Digest leafHash, long index, long size, ReadOnlySpan<Digest> path)
    {
        if (index < 0 || index >= size)
        {
            return null;
        }

        var (at, last, hash) = (index, size - 1, leafHash);
        foreach (ref readonly var sibling in path)
        {
            if (last == 0)
            {
                return null;
            }

            if ((at & 1) == 1 || at == last)
            {
                hash = MerkleHash.Node(sibling, hash);
                while ((at & 1) == 0 && at != 0)
                {
                    (at, last) = (at >> 1, last >> 1);
                }
            }
            else
            {
                hash = MerkleHash.Node(hash, sibling);
            }

            (at, last) = (at >> 1, last >> 1);
        }

        return last == 0 ? hash : null;
    }
}
