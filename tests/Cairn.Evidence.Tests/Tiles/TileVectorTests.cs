using System.Text;
using System.Text.Json;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Tests.Vectors;
using Cairn.Evidence.Tiles;

namespace Cairn.Evidence.Tests.Tiles;

/// <summary>Reads docs/spec/vectors/tiles as another verifier would.</summary>
public class TileVectorTests
{
    [Fact]
    public void Paths_name_the_coordinates_that_the_vectors_say()
    {
        var json = VectorFiles.Json("tiles/paths.json");
        foreach (var item in json.GetProperty("valid").EnumerateArray())
        {
            var (path, index, width) = (Text(item, "path"), item.GetProperty("index").GetInt64(), item.GetProperty("width").GetInt32());
            if (item.TryGetProperty("level", out var level))
            {
                Assert.True(TileCoordinate.TryParse(path, out var tile), path);
                Assert.Equal(new TileCoordinate(level.GetInt32(), index, width), tile);
                Assert.Equal(path, tile.Path);
            }
            else
            {
                Assert.True(EntryBundleCoordinate.TryParse(path, out var bundle), path);
                Assert.Equal(new EntryBundleCoordinate(index, width), bundle);
                Assert.Equal(path, bundle.Path);
            }
        }

        Assert.All(json.GetProperty("invalid").EnumerateArray().Select(item => item.GetString()!), path =>
        {
            Assert.False(TileCoordinate.TryParse(path, out _));
            Assert.False(EntryBundleCoordinate.TryParse(path, out _));
        });
    }

    [Fact]
    public void Sizes_have_the_tiles_that_the_vectors_count()
    {
        foreach (var item in VectorFiles.Json("tiles/sizes.json").GetProperty("cases").EnumerateArray())
        {
            var tiles = TileCoordinate.ForSize(item.GetProperty("size").GetInt64()).ToList();
            foreach (var level in item.GetProperty("levels").EnumerateArray())
            {
                var ofLevel = tiles.Where(tile => tile.Level == level.GetProperty("level").GetInt32()).ToList();

                Assert.Equal(level.GetProperty("full").GetInt32(), ofLevel.Count(tile => tile.Width == 256));
                Assert.Equal(level.GetProperty("partial").GetInt32(), ofLevel.Where(tile => tile.Width < 256).Sum(tile => tile.Width));
            }

            Assert.Equal(item.GetProperty("levels").GetArrayLength(), tiles.Select(tile => tile.Level).Distinct().Count());
        }
    }

    [Fact]
    public void Bundles_hold_the_entries_that_the_vectors_say()
    {
        var json = VectorFiles.Json("tiles/bundles.json");
        Assert.All(json.GetProperty("valid").EnumerateArray(), item => Assert.Equal(
            item.GetProperty("entries").EnumerateArray().Select(entry => entry.GetString()!),
            EntryBundle.Parse(Convert.FromHexString(Text(item, "bundle"))).Select(entry => Convert.ToHexStringLower(entry.Span))));
        Assert.All(json.GetProperty("invalid").EnumerateArray(), item =>
            Assert.Throws<EvidenceFormatException>(() => EntryBundle.Parse(Convert.FromHexString(Text(item, "bundle")))));
    }

    [Fact]
    public void The_tree_of_70000_has_the_root_and_proofs_that_the_vectors_say()
    {
        var json = VectorFiles.Json("tiles/tree.json");
        var size = json.GetProperty("size").GetInt64();
        var head = new TreeHead(size, Hash(json, "root"));
        var range = new CompactRange();
        for (var i = 0; i < size; i++)
        {
            range.Append(MerkleHash.Leaf(Encoding.UTF8.GetBytes($"entry {i}")));
        }

        Assert.Equal(head.Root, range.Root());
        Assert.All(json.GetProperty("inclusion").EnumerateArray(), item =>
        {
            var index = item.GetProperty("index").GetInt64();
            Assert.True(InclusionProof.Verify(MerkleHash.Leaf(Encoding.UTF8.GetBytes($"entry {index}")), index, size, Path(item), head.Root));
        });
        Assert.All(json.GetProperty("consistency").EnumerateArray(), item =>
            Assert.True(ConsistencyProof.Verify(new TreeHead(item.GetProperty("older_size").GetInt64(), Hash(item, "older_root")), head, Path(item))));
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    private static Digest Hash(JsonElement json, string name) => Digest.ParseHex(Text(json, name));

    private static Digest[] Path(JsonElement json) => [.. json.GetProperty("path").EnumerateArray().Select(hash => Digest.ParseHex(hash.GetString()!))];
}
