using System.Text;
using Cairn.Evidence.Merkle;
using CsCheck;

namespace Cairn.Evidence.Tests.Merkle;

public class MerkleProofTests
{
    private static readonly Digest[] Leaves =
        [.. Enumerable.Range(0, 300).Select(i => MerkleHash.Leaf(Encoding.UTF8.GetBytes($"leaf {i}")))];

    /// <summary>Every small size, and those around the powers of two and the end.</summary>
    public static TheoryData<int> Sizes => [.. Enumerable.Range(1, 40), 63, 64, 65, 127, 128, 129, 255, 256, 257, 299, 300];

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Every_inclusion_path_verifies_for_its_own_leaf_and_index_only(int size)
    {
        var leaves = Leaves.AsSpan(0, size);
        var root = MerkleTree.Root(leaves);
        for (var index = 0; index < size; index++)
        {
            var path = MerkleTree.InclusionPath(leaves, index);

            Assert.True(InclusionProof.Verify(leaves[index], index, size, path, root));
            Assert.False(InclusionProof.Verify(leaves[index], index, size, [.. path, root], root));
            Assert.False(InclusionProof.Verify(Digest.Sha256([1]), index, size, path, root));
            if (size > 1)
            {
                Assert.False(InclusionProof.Verify(leaves[index], index, size, path.AsSpan(0, path.Length - 1), root));
                Assert.False(InclusionProof.Verify(leaves[index], index, size, path.AsSpan(1), root));
                Assert.False(InclusionProof.Verify(leaves[index], (index + 1) % size, size, path, root));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Every_consistency_path_verifies_between_its_own_sizes_only(int size)
    {
        var leaves = Leaves.AsSpan(0, size);
        var newer = new TreeHead(size, MerkleTree.Root(leaves));
        for (var older = 0; older <= size; older++)
        {
            var head = new TreeHead(older, MerkleTree.Root(leaves[..older]));
            var path = MerkleTree.ConsistencyPath(leaves, older);

            Assert.True(ConsistencyProof.Verify(head, newer, path), $"{older} to {size}");
            Assert.False(ConsistencyProof.Verify(head, newer, [.. path, newer.Root]), $"{older} to {size}, too long");
            Assert.False(ConsistencyProof.Verify(head with { Root = Digest.Sha256([9]) }, newer, path), $"{older} to {size}, other root");
            if (path.Length > 0)
            {
                Assert.False(ConsistencyProof.Verify(head, newer, path.AsSpan(0, path.Length - 1)), $"{older} to {size}, too short");
                Assert.False(ConsistencyProof.Verify(head with { Size = older - 1 }, newer, path), $"{older - 1} by the path of {older}");
            }
        }
    }

    [Fact]
    public void One_flipped_bit_anywhere_in_an_inclusion_proof_is_found() =>
        Gen.Select(Gen.Int[1, 300], Gen.Int[0, 299], Gen.Int[0, int.MaxValue]).Sample((size, at, where) =>
        {
            var index = at % size;
            var leaves = Leaves.AsSpan(0, size);
            var root = MerkleTree.Root(leaves);
            Digest[] all = [leaves[index], root, .. MerkleTree.InclusionPath(leaves, index)];
            all[where / 256 % all.Length] = Flip(all[where / 256 % all.Length], where % 256);

            Assert.False(InclusionProof.Verify(all[0], index, size, all.AsSpan(2), all[1]));
        });

    [Fact]
    public void One_flipped_bit_anywhere_in_a_consistency_proof_is_found() =>
        Gen.Select(Gen.Int[1, 300], Gen.Int[1, 300], Gen.Int[0, int.MaxValue]).Sample((size, at, where) =>
        {
            var older = 1 + (at % size);
            var leaves = Leaves.AsSpan(0, size);
            Digest[] all = [MerkleTree.Root(leaves[..older]), MerkleTree.Root(leaves), .. MerkleTree.ConsistencyPath(leaves, older)];
            all[where / 256 % all.Length] = Flip(all[where / 256 % all.Length], where % 256);

            Assert.False(ConsistencyProof.Verify(new TreeHead(older, all[0]), new TreeHead(size, all[1]), all.AsSpan(2)));
        });

    [Fact]
    public void A_log_that_replaced_an_old_leaf_cannot_prove_consistency() =>
        Gen.Select(Gen.Int[2, 300], Gen.Int[1, 299], Gen.Int[0, 299]).Sample((size, first, replaced) =>
        {
            var older = 1 + (first % (size - 1));
            var head = new TreeHead(older, MerkleTree.Root(Leaves.AsSpan(0, older)));
            var forked = Leaves[..size];
            forked[replaced % older] = Digest.Sha256([1]);

            Assert.False(ConsistencyProof.Verify(head, new TreeHead(size, MerkleTree.Root(forked)), MerkleTree.ConsistencyPath(forked, older)));
        });

    [Fact]
    public void Any_index_size_and_path_gives_an_answer() =>
        Gen.Select(Gen.Long, Gen.Long, Gen.Int[0, 80]).Sample((a, b, length) =>
        {
            var path = Leaves.AsSpan(0, length);

            Assert.False(InclusionProof.Verify(Leaves[0], a, b, path, Leaves[299]));
            Assert.False(ConsistencyProof.Verify(new TreeHead(a, Leaves[298]), new TreeHead(b, Leaves[299]), path));
        });

    [Theory]
    [InlineData(0, 0)]
    [InlineData(-1, 5)]
    [InlineData(5, 5)]
    [InlineData(long.MaxValue, long.MaxValue)]
    [InlineData(0, long.MinValue)]
    public void An_index_outside_the_tree_is_never_included(long index, long size) =>
        Assert.Null(InclusionProof.RootFrom(Leaves[0], index, size, []));

    [Fact]
    public void The_empty_tree_is_consistent_with_every_tree_and_only_with_its_own_root()
    {
        var empty = new TreeHead(0, MerkleHash.EmptyTree);
        var head = new TreeHead(7, MerkleTree.Root(Leaves.AsSpan(0, 7)));

        Assert.True(ConsistencyProof.Verify(empty, head, []));
        Assert.False(ConsistencyProof.Verify(empty, head, [head.Root]));
        Assert.False(ConsistencyProof.Verify(new TreeHead(0, default), head, []));
        Assert.False(ConsistencyProof.Verify(head, empty, []));
        Assert.False(ConsistencyProof.Verify(head, head with { Root = Leaves[0] }, []));
    }

    private static Digest Flip(Digest hash, int bit)
    {
        var bytes = hash.ToArray();
        bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        return new Digest(bytes);
    }
}
