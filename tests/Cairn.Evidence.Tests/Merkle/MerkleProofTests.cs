using System.Text;
using Cairn.Evidence.Merkle;
using CsCheck;

namespace Cairn.Evidence.Tests.Merkle;

public class MerkleProofTests
{
    /// <summary>The eight leaves and the roots of their prefixes that the Certificate Transparency reference implementation tests with.</summary>
    private static readonly string[] ReferenceLeaves =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    private static readonly string[] ReferenceRoots =
    [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    [Fact]
    public void Roots_are_those_of_the_certificate_transparency_reference_leaves()
    {
        var range = new CompactRange();
        for (var i = 0; i < ReferenceLeaves.Length; i++)
        {
            range.Append(MerkleHash.Leaf(Convert.FromHexString(ReferenceLeaves[i])));

            Assert.Equal(ReferenceRoots[i], range.Root().ToString());
        }

        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", MerkleHash.EmptyTree.ToString());
    }

    [Fact]
    public void Every_inclusion_path_up_to_130_leaves_verifies_for_its_own_leaf_and_index_only()
    {
        for (var size = 1; size <= 130; size += size < 20 ? 1 : 11)
        {
            var leaves = Leaves(size);
            var root = MerkleTree.Root(leaves);
            for (var index = 0; index < size; index++)
            {
                var path = MerkleTree.InclusionPath(leaves, index);

                Assert.True(InclusionProof.Verify(leaves[index], index, size, path, root));
                Assert.False(InclusionProof.Verify(leaves[index], index, size, [.. path, root], root));
                Assert.False(InclusionProof.Verify(Digest.Sha256([1]), index, size, path, root));
                if (size > 1)
                {
                    Assert.False(InclusionProof.Verify(leaves[index], index, size, path[..^1], root));
                    Assert.False(InclusionProof.Verify(leaves[index], (index + 1) % size, size, path, root));
                }
            }
        }
    }

    [Fact]
    public void Every_consistency_path_up_to_70_leaves_verifies_and_no_altered_one_does()
    {
        for (var size = 0; size <= 70; size++)
        {
            var leaves = Leaves(size);
            var newer = new TreeHead(size, MerkleTree.Root(leaves));
            for (var older = 0; older <= size; older++)
            {
                var head = new TreeHead(older, MerkleTree.Root(leaves.AsSpan(0, older)));
                var path = MerkleTree.ConsistencyPath(leaves, older);

                Assert.True(ConsistencyProof.Verify(head, newer, path), $"{older} to {size}");
                Assert.False(ConsistencyProof.Verify(head, newer, [.. path, newer.Root]));
                Assert.False(ConsistencyProof.Verify(head with { Root = Digest.Sha256([9]) }, newer, path));
                if (path.Length > 0)
                {
                    path[^1] = Digest.Sha256([7]);
                    Assert.False(ConsistencyProof.Verify(head, newer, path));
                }
            }
        }
    }

    [Fact]
    public void A_compact_range_restored_from_its_peaks_goes_on_to_the_same_root() =>
        Gen.Select(Gen.Int[0, 200], Gen.Int[0, 60]).Sample((first, more) =>
        {
            var leaves = Leaves(first + more);
            var range = new CompactRange();
            foreach (var leaf in leaves.AsSpan(0, first))
            {
                range.Append(leaf);
            }

            range = new CompactRange(range.Size, range.Peaks);
            foreach (var leaf in leaves.AsSpan(first))
            {
                range.Append(leaf);
            }

            Assert.Equal(MerkleTree.Root(leaves), range.Root());
        });

    private static Digest[] Leaves(int count) =>
        [.. Enumerable.Range(0, count).Select(i => MerkleHash.Leaf(Encoding.UTF8.GetBytes($"leaf {i}")))];
}
