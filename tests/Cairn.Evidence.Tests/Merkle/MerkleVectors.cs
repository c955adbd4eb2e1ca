using Cairn.Evidence.Merkle;
using Cairn.Evidence.Tests.Vectors;

namespace Cairn.Evidence.Tests.Merkle;

/// <summary>Makes docs/spec/vectors/merkle.</summary>
public class MerkleVectors
{
    /// <summary>The leaves that the Certificate Transparency reference implementation tests with (google/certificate-transparency).</summary>
    private static readonly string[] Entries =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    private static readonly Digest[] Leaves = [.. Entries.Select(entry => MerkleHash.Leaf(Convert.FromHexString(entry)))];

    [Fact]
    public void Committed_merkle_vectors_are_what_this_code_makes() => VectorFiles.AssertCommitted("merkle", new Dictionary<string, byte[]>
    {
        ["roots.json"] = VectorFiles.Encode(new
        {
            Source = "Entries and roots are those of the Certificate Transparency reference implementation; leaf hashes follow from RFC 9162 §2.1.1",
            EmptyRoot = MerkleHash.EmptyTree.ToString(),
            Entries,
            LeafHashes = Leaves.Select(leaf => leaf.ToString()),
            Roots = Enumerable.Range(1, 8).Select(size => Root(size).ToString()),
        }),
        ["inclusion.json"] = VectorFiles.Encode(new { Entries = "roots.json", Cases = Inclusion() }),
        ["consistency.json"] = VectorFiles.Encode(new { Entries = "roots.json", Cases = Consistency() }),
    });

    private static IEnumerable<object> Inclusion()
    {
        for (var size = 1; size <= 8; size++)
        {
            for (var index = 0; index < size; index++)
            {
                yield return Case($"leaf {index} of {size}", index, size, MerkleTree.InclusionPath(Leaves.AsSpan(0, size), index), true);
            }
        }

        var path = MerkleTree.InclusionPath(Leaves.AsSpan(0, 7), 4);
        yield return Case("another leaf's index", 5, 7, path, false);
        yield return Case("index equal to the size", 7, 7, path, false);
        yield return Case("negative index", -1, 7, path, false);
        yield return Case("the last hash left out", 4, 7, path[..^1], false);
        yield return Case("one hash too many", 4, 7, [.. path, Leaves[0]], false);
        yield return Case("two hashes exchanged", 4, 7, [path[1], path[0], .. path[2..]], false);
        yield return Case("one bit of a hash", 4, 7, [new Digest([(byte)(path[0].ToArray()[0] ^ 1), .. path[0].ToArray()[1..]]), .. path[1..]], false);
        yield return Case("no path in a tree of seven", 4, 7, [], false);
        yield return Case("empty tree", 0, 0, [], false);
        yield return Case("a path in a tree of one", 0, 1, [Leaves[1]], false);

        static object Case(string name, int index, int size, Digest[] path, bool valid) => new
        {
            Name = name,
            LeafHash = Leaves[Math.Clamp(valid ? index : Math.Min(4, size), 0, 7)].ToString(),
            Index = index,
            Size = size,
            Root = Root(size).ToString(),
            Path = path.Select(hash => hash.ToString()),
            Valid = valid,
        };
    }

    private static IEnumerable<object> Consistency()
    {
        for (var newer = 0; newer <= 8; newer++)
        {
            for (var older = 0; older <= newer; older++)
            {
                yield return Case($"{older} to {newer}", older, newer, MerkleTree.ConsistencyPath(Leaves.AsSpan(0, newer), older), true);
            }
        }

        var path = MerkleTree.ConsistencyPath(Leaves.AsSpan(0, 7), 3);
        yield return Case("sizes exchanged", 7, 3, path, false);
        yield return Case("the last hash left out", 3, 7, path[..^1], false);
        yield return Case("one hash too many", 3, 7, [.. path, Leaves[0]], false);
        yield return Case("two hashes exchanged", 3, 7, [path[1], path[0], .. path[2..]], false);
        yield return Case("another size's path", 4, 7, path, false);
        yield return Case("no path between sizes that differ", 3, 7, [], false);
        yield return Case("a path from the empty tree", 0, 7, [Leaves[0]], false);
        yield return Case("a path between equal sizes", 7, 7, [Leaves[0]], false);
        yield return Case("the older root is not the tree's", 4, 8, MerkleTree.ConsistencyPath(Leaves, 4), false, Leaves[0]);
        yield return Case("the empty tree with another root", 0, 7, [], false, Leaves[0]);

        static object Case(string name, int older, int newer, Digest[] path, bool valid, Digest? olderRoot = null) => new
        {
            Name = name,
            OlderSize = older,
            OlderRoot = (olderRoot ?? Root(older)).ToString(),
            NewerSize = newer,
            NewerRoot = Root(newer).ToString(),
            Path = path.Select(hash => hash.ToString()),
            Valid = valid,
        };
    }

    private static Digest Root(int size) => MerkleTree.Root(Leaves.AsSpan(0, size));
}
