using System.Buffers;
using System.Text;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Tiles;
using CsCheck;

namespace Cairn.Evidence.Tests.Tiles;

public class TileTests
{
    [Fact]
    public void Paths_are_those_of_the_tlog_tiles_specification()
    {
        Assert.Equal("tile/0/x001/x234/067", new TileCoordinate(0, 1234067, 256).Path);
        Assert.Equal("tile/entries/x001/x234/067.p/8", new EntryBundleCoordinate(1234067, 8).Path);
        Assert.True(TileCoordinate.TryParse("tile/63/000.p/255", out var tile));
        Assert.Equal(new TileCoordinate(63, 0, 255), tile);
    }

    [Theory]
    [InlineData("tile/64/000")]
    [InlineData("tile/00/000")]
    [InlineData("tile/0/x000/001")]
    [InlineData("tile/0/1")]
    [InlineData("tile/0/001/002")]
    [InlineData("tile/0/000.p/256")]
    [InlineData("tile/0/000.p/0")]
    [InlineData("tile/0/000.p/08")]
    [InlineData("tile/0/000/")]
    [InlineData("tile/-1/000")]
    [InlineData("tile/entries/000")]
    public void A_path_in_any_other_form_is_refused(string path) => Assert.False(TileCoordinate.TryParse(path, out _));

    [Fact]
    public void A_tree_of_70000_has_the_tiles_that_the_specification_counts()
    {
        var tiles = TileCoordinate.ForSize(70_000).ToList();

        Assert.Equal(273, tiles.Count(tile => tile is { Level: 0, Width: 256 }));
        Assert.Contains(new TileCoordinate(0, 273, 112), tiles);
        Assert.Equal(1, tiles.Count(tile => tile is { Level: 1, Width: 256 }));
        Assert.Contains(new TileCoordinate(1, 1, 17), tiles);
        Assert.Contains(new TileCoordinate(2, 0, 1), tiles);
        Assert.Equal(277, tiles.Count);
    }

    [Fact]
    public void Paths_parse_back_to_the_same_coordinate() =>
        Gen.Select(Gen.Int[0, 63], Gen.Long[0, long.MaxValue / 512], Gen.Int[1, 256]).Sample((level, index, width) =>
        {
            Assert.True(TileCoordinate.TryParse(new TileCoordinate(level, index, width).Path, out var tile));
            Assert.Equal(new TileCoordinate(level, index, width), tile);
            Assert.True(EntryBundleCoordinate.TryParse(new EntryBundleCoordinate(index, width).Path, out var bundle));
            Assert.Equal(new EntryBundleCoordinate(index, width), bundle);
        });

    [Fact]
    public async Task Roots_and_proofs_from_tiles_are_those_of_the_definitions()
    {
        var leaves = Enumerable.Range(0, 66_000).Select(i => MerkleHash.Leaf(Encoding.UTF8.GetBytes($"leaf {i}"))).ToArray();
        var tree = new TileTree(new TilesOf(leaves));
        foreach (var size in new[] { 1, 2, 255, 256, 257, 511, 512, 70, 1000, 65_535, 65_536, 66_000 })
        {
            var prefix = leaves[..size];
            var root = MerkleTree.Root(prefix);

            Assert.Equal(root, await tree.RootAsync(size, default));
            foreach (var index in new[] { 0, size / 3, size / 2, size - 1 })
            {
                Assert.Equal(prefix[index], await tree.LeafHashAsync(index, size, default));
                Assert.Equal(MerkleTree.InclusionPath(prefix, index), await tree.InclusionPathAsync(index, size, default));
                Assert.Equal(MerkleTree.ConsistencyPath(prefix, index + 1), await tree.ConsistencyPathAsync(index + 1, size, default));
            }
        }
    }

    [Fact]
    public void Entry_bundles_give_back_their_entries() =>
        Gen.Byte.Array[0, 300].Array[0, 256].Sample(entries =>
        {
            var buffer = new ArrayBufferWriter<byte>();
            foreach (var entry in entries)
            {
                EntryBundle.Append(buffer, entry);
            }

            Assert.Equal(entries, EntryBundle.Parse(buffer.WrittenMemory).Select(entry => entry.ToArray()));
            if (buffer.WrittenCount > 0 && entries[^1].Length > 0)
            {
                Assert.Throws<EvidenceFormatException>(() => EntryBundle.Parse(buffer.WrittenMemory[..^1]));
            }
        });

    [Fact]
    public void An_entry_above_the_limit_is_refused() =>
        Assert.Contains("65535", Assert.Throws<EvidenceFormatException>(() => EntryBundle.Append(new ArrayBufferWriter<byte>(), new byte[65_536])).Message);

    /// <summary>Tiles cut from leaf hashes by the definition, computed when asked for.</summary>
    private sealed class TilesOf(Digest[] leaves) : ITileReader
    {
        public ValueTask<ReadOnlyMemory<byte>> ReadAsync(TileCoordinate tile, CancellationToken cancellationToken)
        {
            var width = 1 << (8 * tile.Level);
            var bytes = new byte[tile.Width * Digest.Size];
            for (var i = 0; i < tile.Width; i++)
            {
                var start = ((tile.Index * 256) + i) * width;
                MerkleTree.Root(leaves.AsSpan((int)start, width)).CopyTo(bytes.AsSpan(i * Digest.Size));
            }

            return new ValueTask<ReadOnlyMemory<byte>>(bytes);
        }
    }
}
