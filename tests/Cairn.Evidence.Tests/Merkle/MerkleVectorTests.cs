using System.Text.Json;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Tests.Vectors;

namespace Cairn.Evidence.Tests.Merkle;

/// <summary>Reads docs/spec/vectors/merkle as another verifier would.</summary>
public class MerkleVectorTests
{
    /// <summary>The published roots, here once more so that a rewritten vector file cannot carry an error along.</summary>
    private static readonly string[] PublishedRoots =
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
    public void Roots_are_the_published_ones()
    {
        var json = VectorFiles.Json("merkle/roots.json");
        var range = new CompactRange();
        foreach (var (entry, leaf, root, published) in Texts(json, "entries").Zip(Texts(json, "leaf_hashes")).Zip(Texts(json, "roots"), PublishedRoots)
            .Select(row => (row.First.First, row.First.Second, row.Second, row.Third)))
        {
            var hash = MerkleHash.Leaf(Convert.FromHexString(entry));
            range.Append(hash);

            Assert.Equal(leaf, hash.ToString());
            Assert.Equal(published, root);
            Assert.Equal(root, range.Root().ToString());
        }

        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", json.GetProperty("empty_root").GetString());
        Assert.Equal(MerkleHash.EmptyTree.ToString(), json.GetProperty("empty_root").GetString());
    }

    [Fact]
    public void Inclusion_proofs_are_judged_as_the_vectors_say() =>
        Assert.All(VectorFiles.Json("merkle/inclusion.json").GetProperty("cases").EnumerateArray(), item => Assert.Equal(
            item.GetProperty("valid").GetBoolean(),
            InclusionProof.Verify(Hash(item, "leaf_hash"), item.GetProperty("index").GetInt64(), item.GetProperty("size").GetInt64(), Path(item), Hash(item, "root"))));

    [Fact]
    public void Consistency_proofs_are_judged_as_the_vectors_say() =>
        Assert.All(VectorFiles.Json("merkle/consistency.json").GetProperty("cases").EnumerateArray(), item => Assert.Equal(
            item.GetProperty("valid").GetBoolean(),
            ConsistencyProof.Verify(
                new TreeHead(item.GetProperty("older_size").GetInt64(), Hash(item, "older_root")),
                new TreeHead(item.GetProperty("newer_size").GetInt64(), Hash(item, "newer_root")),
                Path(item))));

    private static string[] Texts(JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray().Select(item => item.GetString()!)];

    private static Digest Hash(JsonElement json, string name) => Digest.ParseHex(json.GetProperty(name).GetString()!);

    private static Digest[] Path(JsonElement json) => [.. Texts(json, "path").Select(Digest.ParseHex)];
}
