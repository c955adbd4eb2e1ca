using System.Text;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Tiles;
using CsCheck;

namespace Cairn.Evidence.Tests.Tiles;

public class TileTreeTests
{
    private static readonly Digest[] Leaves =
        [.. Enumerable.Range(0, 66_000).Select(i => MerkleHash.Leaf(Encoding.UTF8.GetBytes($"leaf {i}")))];

    [Fact]
    public async Task Every_proof_of_a_small_log_is_that_of_the_definition()
    {
        const int Size = 300;
        var tree = new TileTree(new TileStore().Grow(Leaves[..Size]));
        foreach (var size in new[] { 1, 2, 3, 31, 64, 255, 256, 257, Size })
        {
            Assert.Equal(MerkleTree.Root(Leaves.AsSpan(0, size)), await tree.RootAsync(size, default));
            for (var index = 0; index < size; index++)
            {
                Assert.Equal(Leaves[index], await tree.LeafHashAsync(index, size, default));
                Assert.Equal(MerkleTree.InclusionPath(Leaves.AsSpan(0, size), index), await tree.InclusionPathAsync(index, size, default));
                Assert.Equal(MerkleTree.ConsistencyPath(Leaves.AsSpan(0, size), index + 1), await tree.ConsistencyPathAsync(index + 1, size, default));
            }
        }
    }

    [Fact]
    public async Task A_log_that_grew_in_batches_proves_every_size_it_published()
    {
        var store = new TileStore();
        var (tree, sizes) = (new TileTree(store), new List<int> { 0 });
        foreach (var batch in new[] { 1, 254, 1, 1, 300, 1000, 63_000, 979, 464 })
        {
            store.Grow(Leaves.AsSpan(sizes[^1], batch).ToArray());
            sizes.Add(sizes[^1] + batch);
        }

        var newest = sizes[^1];
        var root = await tree.RootAsync(newest, default);
        foreach (var size in sizes.Skip(1))
        {
            var older = new TreeHead(size, await tree.RootAsync(size, default));
            var path = await tree.InclusionPathAsync(size - 1, size, default);

            Assert.True(InclusionProof.Verify(Leaves[size - 1], size - 1, size, path, older.Root));
            Assert.True(ConsistencyProof.Verify(older, new TreeHead(newest, root), await tree.ConsistencyPathAsync(size, newest, default)));
        }

        Assert.Equal(MerkleTree.Root(Leaves), root);
    }

    [Fact]
    public void A_right_edge_read_from_tiles_goes_on_like_one_that_was_kept()
    {
        var tree = new TileTree(new TileStore().Grow(Leaves));
        Gen.Int[0, 65_900].Sample(size =>
        {
            var range = tree.CompactRangeAsync(size, default).AsTask().GetAwaiter().GetResult();
            var kept = new CompactRange(size, range.Peaks);
            foreach (var leaf in Leaves.AsSpan(size, 100))
            {
                kept.Append(leaf);
            }

            Assert.Equal(tree.RootAsync(size + 100, default).AsTask().GetAwaiter().GetResult(), kept.Root());
        }, iter: 40);
    }

    [Fact]
    public async Task One_flipped_bit_in_a_tile_changes_the_root()
    {
        var tree = new TileTree(new FlippedBit(new TileStore().Grow(Leaves[..600])));

        Assert.NotEqual(MerkleTree.Root(Leaves.AsSpan(0, 600)), await tree.RootAsync(600, default));
    }

    [Fact]
    public async Task A_tile_of_another_length_is_refused_by_its_path()
    {
        var tree = new TileTree(new Cut(new TileStore().Grow(Leaves[..600])));

        Assert.Contains("tile/0/002.p/88", (await Assert.ThrowsAsync<EvidenceFormatException>(async () => await tree.RootAsync(600, default))).Message);
    }

    [Fact]
    public async Task The_largest_tree_needs_few_tiles()
    {
        var zeros = new Zeros();
        var tree = new TileTree(zeros);

        Assert.Equal(63, (await tree.InclusionPathAsync(0, long.MaxValue, default)).Length);
        Assert.NotEmpty(await tree.ConsistencyPathAsync(1, long.MaxValue, default));
        Assert.InRange(zeros.Reads, 8, 40);
    }

    private sealed class FlippedBit(ITileReader tiles) : ITileReader
    {
        public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(TileCoordinate tile, CancellationToken cancellationToken)
        {
            var bytes = (await tiles.ReadAsync(tile, cancellationToken)).ToArray();
            bytes[0] ^= 1;
            return bytes;
        }
    }

    private sealed class Cut(ITileReader tiles) : ITileReader
    {
        public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(TileCoordinate tile, CancellationToken cancellationToken) =>
            (await tiles.ReadAsync(tile, cancellationToken)) is var bytes && tile.Width < 256 && tile.Level == 0 ? bytes[..^1] : bytes;
    }

    private sealed class Zeros : ITileReader
    {
        public int Reads { get; private set; }

        public ValueTask<ReadOnlyMemory<byte>> ReadAsync(TileCoordinate tile, CancellationToken cancellationToken)
        {
            Reads++;
            return new(new byte[tile.Width * Digest.Size]);
        }
    }
}
