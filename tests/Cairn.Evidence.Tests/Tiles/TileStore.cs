using Cairn.Evidence.Merkle;
using Cairn.Evidence.Tiles;

namespace Cairn.Evidence.Tests.Tiles;

/// <summary>A log's tiles as they are published when it grows: only new tiles are written, partial ones are kept until full.</summary>
internal sealed class TileStore : ITileReader
{
    private readonly Dictionary<string, byte[]> _published = [];
    private readonly List<Digest> _leaves = [];

    /// <summary>Every published tile, by its path.</summary>
    public IReadOnlyDictionary<string, byte[]> Published => _published;

    /// <summary>Appends leaves and publishes the tiles that the new size asks for.</summary>
    public TileStore Grow(IEnumerable<Digest> leaves)
    {
        var older = _leaves.Count;
        _leaves.AddRange(leaves);
        foreach (var tile in TileCoordinate.NewBetween(older, _leaves.Count))
        {
            _published.Add(tile.Path, Cut(tile));
        }

        return this;
    }

    /// <summary>The tile as published, or the beginning of the narrowest wider one.</summary>
    public ValueTask<ReadOnlyMemory<byte>> ReadAsync(TileCoordinate tile, CancellationToken cancellationToken) =>
        new(Enumerable.Range(tile.Width, 257 - tile.Width)
            .Select(width => _published.GetValueOrDefault((tile with { Width = width }).Path))
            .First(bytes => bytes is not null).AsMemory(0, tile.Width * Digest.Size));

    /// <summary>The tile by the definition in C2SP tlog-tiles: MTH(D[(n·256+i)·256^l : (n·256+i+1)·256^l]).</summary>
    private byte[] Cut(TileCoordinate tile)
    {
        var leaves = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_leaves);
        var below = 1 << (8 * tile.Level);
        var bytes = new byte[tile.Width * Digest.Size];
        for (var i = 0; i < tile.Width; i++)
        {
            MerkleTree.Root(leaves.Slice((int)((tile.Index * 256) + i) * below, below)).CopyTo(bytes.AsSpan(i * Digest.Size));
        }

        return bytes;
    }
}
