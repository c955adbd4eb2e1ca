using System.Buffers;
using Cairn.Evidence;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Tiles;
using Cairn.Ledger.Journal;

namespace Cairn.Ledger.Sequencing;

/// <summary>Makes the entry bundles and tiles by which a log of one size becomes a log of a larger one.</summary>
internal static class TileBuilder
{
    /// <summary>Stages every bundle and tile that the tree of <paramref name="oldSize"/> + rows leaves has and the old tree has not.</summary>
    public static async Task<StagedFiles> BuildAsync(TileFolder published, long oldSize, List<JournalRow> rows, CancellationToken cancellationToken)
    {
        var staged = new StagedFiles();
        var newSize = oldSize + rows.Count;
        StageBundles(staged, published, oldSize, rows);

        // Level 0 grows by the rows' leaf hashes; each level above by the roots of the tiles that became full below it.
        var grown = rows.ConvertAll(row => row.Leaf);
        for (var level = 0; grown.Count > 0; level++)
        {
            var before = oldSize >> (8 * level);
            var hashes = await PartialAsync(published, level, before, cancellationToken);
            var first = before / TileCoordinate.FullWidth;
            hashes.AddRange(grown);
            grown = [];
            for (var at = 0; at < hashes.Count; at += TileCoordinate.FullWidth)
            {
                var width = Math.Min(TileCoordinate.FullWidth, hashes.Count - at);
                var tile = hashes.GetRange(at, width).ToArray();
                staged.Add(new TileCoordinate(level, first + (at / TileCoordinate.FullWidth), width).Path, Bytes(tile));
                if (width == TileCoordinate.FullWidth)
                {
                    grown.Add(MerkleTree.Root(tile));
                }
            }
        }

        return newSize > oldSize ? staged : throw new InvalidOperationException("nothing to stage");
    }

    private static void StageBundles(StagedFiles staged, TileFolder published, long oldSize, List<JournalRow> rows)
    {
        var index = oldSize / TileCoordinate.FullWidth;
        var width = (int)(oldSize % TileCoordinate.FullWidth);
        var bundle = new ArrayBufferWriter<byte>();
        if (width > 0)
        {
            bundle.Write(published.ReadBundle(new EntryBundleCoordinate(index, width)).Span);
        }

        foreach (var row in rows)
        {
            EntryBundle.Append(bundle, row.Entry);
            if (++width == TileCoordinate.FullWidth)
            {
                staged.Add(new EntryBundleCoordinate(index, width).Path, bundle.WrittenSpan.ToArray());
                bundle.ResetWrittenCount();
                (index, width) = (index + 1, 0);
            }
        }

        if (width > 0)
        {
            staged.Add(new EntryBundleCoordinate(index, width).Path, bundle.WrittenSpan.ToArray());
        }
    }

    private static async Task<List<Digest>> PartialAsync(TileFolder published, int level, long hashes, CancellationToken cancellationToken)
    {
        var width = (int)(hashes % TileCoordinate.FullWidth);
        if (width == 0)
        {
            return [];
        }

        var bytes = await published.ReadAsync(new TileCoordinate(level, hashes / TileCoordinate.FullWidth, width), cancellationToken);
        return [.. Enumerable.Range(0, width).Select(i => new Digest(bytes.Span.Slice(i * Digest.Size, Digest.Size)))];
    }

    private static byte[] Bytes(Digest[] hashes)
    {
        var bytes = new byte[hashes.Length * Digest.Size];
        for (var i = 0; i < hashes.Length; i++)
        {
            hashes[i].CopyTo(bytes.AsSpan(i * Digest.Size));
        }

        return bytes;
    }
}
