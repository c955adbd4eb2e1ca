using System.Buffers;
using System.Text;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Tests.Vectors;
using Cairn.Evidence.Tiles;

namespace Cairn.Evidence.Tests.Tiles;

/// <summary>Makes docs/spec/vectors/tiles.</summary>
public class TileVectors
{
    private const int TreeSize = 70_000;

    [Fact]
    public void Committed_tile_vectors_are_what_this_code_makes() => VectorFiles.AssertCommitted("tiles", new Dictionary<string, byte[]>
    {
        ["paths.json"] = VectorFiles.Encode(new { Valid = ValidPaths(), Invalid = InvalidPaths }),
        ["sizes.json"] = VectorFiles.Encode(new { Source = "70,000 and 256 are the examples of C2SP tlog-tiles, \"Partial Tiles\"", Cases = Sizes() }),
        ["bundles.json"] = VectorFiles.Encode(new { Valid = ValidBundles(), Invalid = InvalidBundles() }),
        ["tree.json"] = VectorFiles.Encode(Tree()),
    });

    private static string[] InvalidPaths =>
    [
        "tile/64/000", "tile/00/000", "tile/-1/000", "tile/+1/000", "tile//000", "tile/0", "tile/0/", "tile/0/0", "tile/0/0000", "tile/0/x000",
        "tile/0/x000/001", "tile/0/001/002", "tile/0/X001/002", "tile/0/000/", "/tile/0/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/08",
        "tile/0/000.p/", "tile/0/000.p", "tile/0/000.p/1/2", "tile/0/000.p/1.p/1", "tile/entries/1", "tile/entries/x000/000", "tile/0/٠٠٠",
        "tile/0/x100/x000/x000/x000/x000/x000/000", "tiles/0/000",
    ];

    private static IEnumerable<object> ValidPaths()
    {
        foreach (var tile in new TileCoordinate[] { new(0, 0, 256), new(0, 1234067, 256), new(0, 273, 112), new(2, 0, 1), new(63, 999, 255), new(1, 1000, 256), new(0, 1_000_000, 8) })
        {
            yield return new { tile.Path, tile.Level, tile.Index, tile.Width };
        }

        foreach (var bundle in new EntryBundleCoordinate[] { new(0, 256), new(1234067, 8), new(999_999, 255) })
        {
            yield return new { bundle.Path, bundle.Index, bundle.Width };
        }
    }

    private static IEnumerable<object> Sizes()
    {
        foreach (var size in new long[] { 0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000, 16_777_216 })
        {
            var tiles = TileCoordinate.ForSize(size).ToList();
            yield return new
            {
                Size = size,
                Levels = tiles.GroupBy(tile => tile.Level).Select(level => new
                {
                    Level = level.Key,
                    Full = level.Count(tile => tile.Width == 256),
                    Partial = level.Where(tile => tile.Width < 256).Sum(tile => tile.Width),
                }),
            };
        }
    }

    private static IEnumerable<object> ValidBundles()
    {
        foreach (var entries in new[] { ["00"], ["", "ff", "0102"], new[] { "" } })
        {
            var bundle = new ArrayBufferWriter<byte>();
            foreach (var entry in entries)
            {
                EntryBundle.Append(bundle, Convert.FromHexString(entry));
            }

            yield return new { Entries = entries, Bundle = Convert.ToHexStringLower(bundle.WrittenSpan) };
        }
    }

    private static object[] InvalidBundles() =>
    [
        new { Name = "one byte of a length", Bundle = "00" },
        new { Name = "a length without its entry", Bundle = "0001" },
        new { Name = "an entry one byte short", Bundle = "0001ff0003aabb" },
        new { Name = "257 entries", Bundle = new string('0', 257 * 4) },
    ];

    private static object Tree()
    {
        var leaves = Enumerable.Range(0, TreeSize).Select(i => MerkleHash.Leaf(Entry(i))).ToArray();
        var store = new TileStore().Grow(leaves);
        var tree = new TileTree(store);
        return new
        {
            Rule = "entry N is the UTF-8 text \"entry N\", N in decimal",
            Size = TreeSize,
            Root = MerkleTree.Root(leaves).ToString(),
            Tiles = store.Published.Where(tile => !tile.Key.StartsWith("tile/0/", StringComparison.Ordinal) || tile.Key is "tile/0/000" or "tile/0/272" or "tile/0/273.p/112")
                .Select(tile => new { Path = tile.Key, Sha256 = Digest.Sha256(tile.Value).ToString() }),
            Bundles = new[] { Bundle(0, 256), Bundle(273, 112) },
            Inclusion = new[] { 0, 65_535, 65_536, 69_999 }.Select(index => new
            {
                Index = index,
                Path = tree.InclusionPathAsync(index, TreeSize, default).AsTask().GetAwaiter().GetResult().Select(hash => hash.ToString()),
            }),
            Consistency = new[] { 1, 256, 65_537 }.Select(older => new
            {
                OlderSize = older,
                OlderRoot = MerkleTree.Root(leaves.AsSpan(0, older)).ToString(),
                Path = tree.ConsistencyPathAsync(older, TreeSize, default).AsTask().GetAwaiter().GetResult().Select(hash => hash.ToString()),
            }),
        };
    }

    private static object Bundle(int index, int width)
    {
        var bundle = new ArrayBufferWriter<byte>();
        for (var i = 0; i < width; i++)
        {
            EntryBundle.Append(bundle, Entry((index * 256) + i));
        }

        return new { new EntryBundleCoordinate(index, width).Path, Sha256 = Digest.Sha256(bundle.WrittenSpan).ToString() };
    }

    private static byte[] Entry(int index) => Encoding.UTF8.GetBytes($"entry {index}");
}
