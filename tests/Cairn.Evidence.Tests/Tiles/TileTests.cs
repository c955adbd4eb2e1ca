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

    [Fact]
    public void The_largest_index_is_read_and_the_next_is_refused()
    {
        Assert.True(TileCoordinate.TryParse("tile/0/x009/x223/x372/x036/x854/x775/807", out var tile));
        Assert.Equal(long.MaxValue, tile.Index);
        Assert.False(TileCoordinate.TryParse("tile/0/x009/x223/x372/x036/x854/x775/808", out _));
        Assert.False(TileCoordinate.TryParse("tile/0/x009/x223/x372/x036/x854/x776/000", out _));
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
    public void Any_text_is_either_the_one_path_of_a_coordinate_or_refused() =>
        Gen.OneOf(Gen.String[Gen.Char["tile/x0123456789.p"], 0, 40], Gen.String).Select(text => $"tile/{text}").Sample(text =>
        {
            Assert.True(!TileCoordinate.TryParse(text, out var tile) || tile.Path == text);
            Assert.True(!EntryBundleCoordinate.TryParse(text, out var bundle) || bundle.Path == text);
        });

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(65_536)]
    [InlineData(70_000)]
    public void Tiles_of_a_size_are_counted_by_the_specifications_formula(long size)
    {
        var tiles = TileCoordinate.ForSize(size).ToList();
        for (var (level, hashes) = (0, size); level < 4; (level, hashes) = (level + 1, hashes / 256))
        {
            Assert.Equal(hashes / 256, tiles.Count(tile => tile.Level == level && tile.Width == 256));
            Assert.Equal(hashes % 256, tiles.Where(tile => tile.Level == level && tile.Width < 256).Sum(tile => tile.Width));
        }

        Assert.Distinct(tiles);
    }

    [Fact]
    public void Growth_adds_what_the_older_size_lacks_and_nothing_else() =>
        Gen.Select(Gen.Int[0, 140_000], Gen.Int[0, 140_000]).Sample((a, b) =>
        {
            var (older, newer) = (Math.Min(a, b), Math.Max(a, b));

            Assert.Equal(
                TileCoordinate.ForSize(newer).Except(TileCoordinate.ForSize(older)),
                TileCoordinate.NewBetween(older, newer));
        });

    [Fact]
    public void The_largest_sizes_end_at_level_seven()
    {
        Assert.Equal(7, TileCoordinate.NewBetween((1L << 62) - 1, 1L << 62).Max(tile => tile.Level));
        Assert.Throws<ArgumentOutOfRangeException>(() => TileCoordinate.ForSize(-1).ToList());
        Assert.Throws<ArgumentOutOfRangeException>(() => TileCoordinate.NewBetween(2, 1).ToList());
    }
}
