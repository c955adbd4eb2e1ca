using System.Numerics;

namespace Cairn.Evidence.Merkle;

/// <summary>A tree's right edge: the roots of its perfect subtrees, largest first. Enough to append leaves and to know the root.</summary>
public sealed class CompactRange
{
    private readonly List<Digest> _peaks;

    /// <summary>The empty tree.</summary>
    public CompactRange() => _peaks = [];

    /// <summary>A tree of <paramref name="size"/> leaves with its peaks, one for each bit set in the size, largest first.</summary>
    /// <exception cref="ArgumentException">The number of peaks does not fit the size.</exception>
    public CompactRange(long size, IReadOnlyList<Digest> peaks)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        if (BitOperations.PopCount((ulong)size) != peaks.Count)
        {
            throw new ArgumentException($"a tree of {size} leaves has {BitOperations.PopCount((ulong)size)} peaks, found {peaks.Count}", nameof(peaks));
        }

        (Size, _peaks) = (size, [.. peaks]);
    }

    /// <summary>Leaves so far.</summary>
    public long Size { get; private set; }

    /// <summary>The roots of the perfect subtrees, largest first.</summary>
    public IReadOnlyList<Digest> Peaks => _peaks;

    /// <summary>Adds one leaf hash on the right.</summary>
    public void Append(in Digest leafHash)
    {
        var hash = leafHash;
        for (var size = Size; (size & 1) == 1; size >>= 1)
        {
            hash = MerkleHash.Node(_peaks[^1], hash);
            _peaks.RemoveAt(_peaks.Count - 1);
        }

        _peaks.Add(hash);
        Size++;
    }

    /// <summary>The root of the tree of this size.</summary>
    public Digest Root()
    {
        if (_peaks.Count == 0)
        {
            return MerkleHash.EmptyTree;
        }

        var root = _peaks[^1];
        for (var i = _peaks.Count - 2; i >= 0; i--)
        {
            root = MerkleHash.Node(_peaks[i], root);
        }

        return root;
    }
}
