using System.Numerics;
using Cairn.Evidence.Merkle;

namespace Cairn.Evidence.Tiles;

/// <summary>
/// Roots and proofs read from tiles, in O(log n) tiles for each. Subtree roots that a tile does not hold directly are
/// computed from the tile's hashes; nothing read is trusted beyond what the caller compares with a signed root.
/// </summary>
public sealed class TileTree(ITileReader reader)
{
    /// <summary>The root of the tree's first <paramref name="size"/> leaves.</summary>
    public async ValueTask<Digest> RootAsync(long size, CancellationToken cancellationToken) =>
        (await CompactRangeAsync(size, cancellationToken)).Root();

    /// <summary>The right edge of the tree's first <paramref name="size"/> leaves.</summary>
    public ValueTask<CompactRange> CompactRangeAsync(long size, CancellationToken cancellationToken) => CompactRangeAsync(size, size, cancellationToken);

    /// <summary>
    /// The root that the first <paramref name="size"/> leaves have in the tree of <paramref name="of"/> leaves, from the tiles of that
    /// larger tree: a log has partial tiles of sizes that it published only.
    /// </summary>
    public async ValueTask<Digest> PrefixRootAsync(long size, long of, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, of);
        return (await CompactRangeAsync(size, of, cancellationToken)).Root();
    }

    private async ValueTask<CompactRange> CompactRangeAsync(long size, long of, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        var peaks = new List<Digest>();
        var tiles = new TileCache(reader, of);
        for (var (start, rest) = (0L, size); rest > 0;)
        {
            var width = 1L << BitOperations.Log2((ulong)rest);
            peaks.Add(await PerfectAsync(tiles, start, width, cancellationToken));
            (start, rest) = (start + width, rest - width);
        }

        return new CompactRange(size, peaks);
    }

    /// <summary>The hash of leaf <paramref name="index"/> in the tree of that size.</summary>
    public ValueTask<Digest> LeafHashAsync(long index, long size, CancellationToken cancellationToken)
    {
        CheckIndex(index, size);
        return PerfectAsync(new TileCache(reader, size), index, 1, cancellationToken);
    }

    /// <summary>The inclusion path of a leaf, from leaf to root (RFC 9162 §2.1.3.1).</summary>
    public async ValueTask<Digest[]> InclusionPathAsync(long index, long size, CancellationToken cancellationToken)
    {
        CheckIndex(index, size);
        var tiles = new TileCache(reader, size);
        var path = new List<Digest>();
        var (start, end) = (0L, size);
        while (end - start > 1)
        {
            var split = start + (1L << BitOperations.Log2((ulong)(end - start - 1)));
            if (index < split)
            {
                path.Add(await RangeAsync(tiles, split, end, cancellationToken));
                end = split;
            }
            else
            {
                path.Add(await RangeAsync(tiles, start, split, cancellationToken));
                start = split;
            }
        }

        path.Reverse();
        return [.. path];
    }

    /// <summary>The consistency path between two sizes (RFC 9162 §2.1.4.1); empty from size 0 and between equal sizes.</summary>
    public ValueTask<Digest[]> ConsistencyPathAsync(long older, long newer, CancellationToken cancellationToken) => ConsistencyPathAsync(older, newer, newer, cancellationToken);

    /// <summary>The same between two prefixes of the tree of <paramref name="of"/> leaves, from the tiles of that tree.</summary>
    public async ValueTask<Digest[]> ConsistencyPathAsync(long older, long newer, long of, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(older);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(older, newer);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(newer, of);
        if (older == 0 || older == newer)
        {
            return [];
        }

        var tiles = new TileCache(reader, of);
        var path = new List<Digest>();
        var (start, end, complete) = (0L, newer, true);
        while (older != end)
        {
            var split = start + (1L << BitOperations.Log2((ulong)(end - start - 1)));
            if (older <= split)
            {
                path.Add(await RangeAsync(tiles, split, end, cancellationToken));
                end = split;
            }
            else
            {
                path.Add(await RangeAsync(tiles, start, split, cancellationToken));
                (start, complete) = (split, false);
            }
        }

        if (!complete)
        {
            path.Add(await RangeAsync(tiles, start, end, cancellationToken));
        }

        path.Reverse();
        return [.. path];
    }

    private static void CheckIndex(long index, long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
    }

    /// <summary>The root over leaves [start, end), where start is a multiple of the subtree that the range lies in.</summary>
    private static async ValueTask<Digest> RangeAsync(TileCache tiles, long start, long end, CancellationToken cancellationToken)
    {
        var peaks = new Stack<Digest>();
        while (start < end)
        {
            var width = 1L << BitOperations.Log2((ulong)(end - start));
            peaks.Push(await PerfectAsync(tiles, start, width, cancellationToken));
            start += width;
        }

        var root = peaks.Pop();
        while (peaks.TryPop(out var left))
        {
            root = MerkleHash.Node(left, root);
        }

        return root;
    }

    /// <summary>The root of the perfect subtree of <paramref name="width"/> leaves (a power of two) at <paramref name="start"/>.</summary>
    private static async ValueTask<Digest> PerfectAsync(TileCache tiles, long start, long width, CancellationToken cancellationToken)
    {
        var height = BitOperations.Log2((ulong)width);
        var level = height / 8;
        var first = start >> (8 * level);
        var count = 1 << (height % 8);
        var bytes = await tiles.ReadAsync(level, first / TileCoordinate.FullWidth, cancellationToken);
        var hashes = new Digest[count];
        for (var i = 0; i < count; i++)
        {
            hashes[i] = new Digest(bytes.Span.Slice(((int)(first % TileCoordinate.FullWidth) + i) * Digest.Size, Digest.Size));
        }

        return MerkleTree.Root(hashes);
    }

    /// <summary>The tiles of one tree size, each read once.</summary>
    private sealed class TileCache(ITileReader reader, long size)
    {
        private readonly Dictionary<(int, long), ReadOnlyMemory<byte>> _read = [];

        public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(int level, long index, CancellationToken cancellationToken)
        {
            if (!_read.TryGetValue((level, index), out var bytes))
            {
                var hashes = size >> (8 * level);
                var width = (int)Math.Min(TileCoordinate.FullWidth, hashes - (index * TileCoordinate.FullWidth));
                var tile = new TileCoordinate(level, index, width);
                bytes = await reader.ReadAsync(tile, cancellationToken);
                if (bytes.Length != width * Digest.Size)
                {
                    throw new EvidenceFormatException($"{tile.Path} should hold {width * Digest.Size} bytes, found {bytes.Length}");
                }

                _read.Add((level, index), bytes);
            }

            return bytes;
        }
    }
}
