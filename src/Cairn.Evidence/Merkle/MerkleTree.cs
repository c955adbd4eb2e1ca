using System.Numerics;

namespace Cairn.Evidence.Merkle;

/// <summary>Roots and proofs over leaf hashes that are all at hand, straight from the definitions of RFC 9162 §2.1.</summary>
public static class MerkleTree
{
    /// <summary>The root over leaf hashes (not entries); the empty tree's root for none.</summary>
    public static Digest Root(ReadOnlySpan<Digest> leaves)
    {
        if (leaves.Length <= 1)
        {
            return leaves.IsEmpty ? MerkleHash.EmptyTree : leaves[0];
        }

        var left = SplitPoint(leaves.Length);
        return MerkleHash.Node(Root(leaves[..left]), Root(leaves[left..]));
    }

    /// <summary>The inclusion path of one leaf, from leaf to root (RFC 9162 §2.1.3.1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no leaf of that index.</exception>
    public static Digest[] InclusionPath(ReadOnlySpan<Digest> leaves, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, leaves.Length);
        var path = new List<Digest>();
        Walk(leaves, index, path);
        return [.. path];
    }

    /// <summary>The proof that the tree over the first <paramref name="older"/> leaves is a prefix of this one (RFC 9162 §2.1.4.1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The older size is negative or above the number of leaves.</exception>
    public static Digest[] ConsistencyPath(ReadOnlySpan<Digest> leaves, int older)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(older);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(older, leaves.Length);
        var path = new List<Digest>();
        if (older > 0 && older < leaves.Length)
        {
            SubProof(leaves, older, complete: true, path);
        }

        return [.. path];
    }

    /// <summary>The largest power of two strictly below <paramref name="size"/>, which is at least 2.</summary>
    internal static int SplitPoint(int size) => 1 << BitOperations.Log2((uint)(size - 1));

    private static void Walk(ReadOnlySpan<Digest> leaves, int index, List<Digest> path)
    {
        if (leaves.Length == 1)
        {
            return;
        }

        var left = SplitPoint(leaves.Length);
        if (index < left)
        {
            Walk(leaves[..left], index, path);
            path.Add(Root(leaves[left..]));
        }
        else
        {
            Walk(leaves[left..], index - left, path);
            path.Add(Root(leaves[..left]));
        }
    }

    private static void SubProof(ReadOnlySpan<Digest> leaves, int older, bool complete, List<Digest> path)
    {
        if (older == leaves.Length)
        {
            if (!complete)
            {
                path.Add(Root(leaves));
            }

            return;
        }

        var left = SplitPoint(leaves.Length);
        if (older <= left)
        {
            SubProof(leaves[..left], older, complete, path);
            path.Add(Root(leaves[left..]));
        }
        else
        {
            SubProof(leaves[left..], older - left, complete: false, path);
            path.Add(Root(leaves[..left]));
        }
    }
}
