using System.Text;
using Cairn.Evidence.Merkle;
using CsCheck;

namespace Cairn.Evidence.Tests.Merkle;

public class CompactRangeTests
{
    private static readonly Digest[] Leaves =
        [.. Enumerable.Range(0, 300).Select(i => MerkleHash.Leaf(Encoding.UTF8.GetBytes($"leaf {i}")))];

    [Fact]
    public void The_right_edge_has_the_root_of_the_definition_at_every_size()
    {
        var range = new CompactRange();
        Assert.Equal(MerkleHash.EmptyTree, range.Root());
        for (var size = 1; size <= Leaves.Length; size++)
        {
            range.Append(Leaves[size - 1]);

            Assert.Equal(size, range.Size);
            Assert.Equal(MerkleTree.Root(Leaves.AsSpan(0, size)), range.Root());
        }
    }

    [Fact]
    public void A_right_edge_restored_from_its_peaks_goes_on_to_the_same_root() =>
        Gen.Select(Gen.Int[0, 200], Gen.Int[0, 100]).Sample((first, more) =>
        {
            var range = Grow(new CompactRange(), Leaves.AsSpan(0, first));
            var restored = new CompactRange(range.Size, range.Peaks);

            Assert.Equal(MerkleTree.Root(Leaves.AsSpan(0, first + more)), Grow(restored, Leaves.AsSpan(first, more)).Root());
        });

    [Theory]
    [InlineData(3, 1)]
    [InlineData(0, 1)]
    [InlineData(4, 2)]
    [InlineData(4, 0)]
    public void Peaks_that_do_not_fit_the_size_are_refused(long size, int peaks) =>
        Assert.Throws<ArgumentException>(() => new CompactRange(size, Leaves[..peaks]));

    private static CompactRange Grow(CompactRange range, ReadOnlySpan<Digest> leaves)
    {
        foreach (ref readonly var leaf in leaves)
        {
            range.Append(leaf);
        }

        return range;
    }
}
