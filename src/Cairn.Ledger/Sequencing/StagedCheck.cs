using Cairn.Evidence;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Tiles;

namespace Cairn.Ledger.Sequencing;

/// <summary>
/// The check before a signature: from the staged bytes as read back from disk, with nothing taken from the memory that
/// made them. One flipped bit in a stored leaf once ended a public log; here it stops the signature.
/// </summary>
internal static class StagedCheck
{
    /// <summary>The root that the staged entries lead to.</summary>
    /// <exception cref="LedgerInconsistentException">An entry and its leaf hash differ, a tile and the tile below it differ, or the old tree is not a prefix.</exception>
    public static async Task<Digest> RecomputeAsync(StagedFiles staged, TileFolder published, TreeHead old, long newSize, CancellationToken cancellationToken)
    {
        var tiles = staged.Over(published);
        var tree = new TileTree(tiles);
        await CheckEntriesAsync(staged, tiles, old.Size, newSize, cancellationToken);
        await CheckLevelsAsync(tiles, old.Size, newSize, cancellationToken);
        var before = await tree.RootAsync(old.Size, cancellationToken);
        return before == old.Root
            ? await tree.RootAsync(newSize, cancellationToken)
            : throw new LedgerInconsistentException($"the staged tiles give the tree of {old.Size} entries the root {before}, but its signed root is {old.Root}");
    }

    private static async Task CheckEntriesAsync(StagedFiles staged, ITileReader tiles, long oldSize, long newSize, CancellationToken cancellationToken)
    {
        for (var bundle = oldSize / TileCoordinate.FullWidth; bundle * TileCoordinate.FullWidth < newSize; bundle++)
        {
            var width = (int)Math.Min(TileCoordinate.FullWidth, newSize - (bundle * TileCoordinate.FullWidth));
            var path = new EntryBundleCoordinate(bundle, width).Path;
            var entries = staged.Files.TryGetValue(path, out var bytes)
                ? EntryBundle.Parse(bytes)
                : throw new LedgerInconsistentException($"the staged files lack {path}");
            var hashes = await tiles.ReadAsync(new TileCoordinate(0, bundle, width), cancellationToken);
            if (entries.Count != width)
            {
                throw new LedgerInconsistentException($"the staged {path} holds {entries.Count} entries, expected {width}");
            }

            for (var i = 0; i < width; i++)
            {
                var (found, expected) = (MerkleHash.Leaf(entries[i].Span), new Digest(hashes.Span.Slice(i * Digest.Size, Digest.Size)));
                if (found != expected)
                {
                    throw new LedgerInconsistentException($"entry {(bundle * TileCoordinate.FullWidth) + i} hashes to {found}, but its leaf is stored as {expected}: nothing is signed");
                }
            }
        }
    }

    private static async Task CheckLevelsAsync(ITileReader tiles, long oldSize, long newSize, CancellationToken cancellationToken)
    {
        foreach (var tile in TileCoordinate.NewBetween(oldSize, newSize).Where(tile => tile.Level > 0))
        {
            var hashes = await tiles.ReadAsync(tile, cancellationToken);
            var old = Math.Max(0, (oldSize >> (8 * tile.Level)) - (tile.Index * TileCoordinate.FullWidth));
            for (var i = (int)Math.Min(old, tile.Width); i < tile.Width; i++)
            {
                var below = await tiles.ReadAsync(new TileCoordinate(tile.Level - 1, (tile.Index * TileCoordinate.FullWidth) + i, TileCoordinate.FullWidth), cancellationToken);
                var leaves = new Digest[TileCoordinate.FullWidth];
                for (var leaf = 0; leaf < leaves.Length; leaf++)
                {
                    leaves[leaf] = new Digest(below.Span.Slice(leaf * Digest.Size, Digest.Size));
                }

                var stored = new Digest(hashes.Span.Slice(i * Digest.Size, Digest.Size));
                if (MerkleTree.Root(leaves) is var root && root != stored)
                {
                    throw new LedgerInconsistentException($"{tile.Path}, hash {i}: the tile below it has the root {root}, stored is {stored}");
                }
            }
        }
    }
}
