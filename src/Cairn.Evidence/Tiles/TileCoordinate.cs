using System.Globalization;

namespace Cairn.Evidence.Tiles;

/// <summary>
/// A tile of a C2SP tlog-tiles log: <see cref="Width"/> consecutive hashes of tree level 8 × <see cref="Level"/>, starting at
/// hash 256 × <see cref="Index"/>. Width 256 is a full tile; 1 to 255 a partial one.
/// </summary>
public readonly record struct TileCoordinate(int Level, long Index, int Width)
{
    /// <summary>Hashes in a full tile.</summary>
    public const int FullWidth = 256;

    /// <summary>The path below the log's prefix: <c>tile/L/N[.p/W]</c>.</summary>
    public string Path => $"tile/{Level.ToString(CultureInfo.InvariantCulture)}/{TilePath.Format(Index, Width)}";

    /// <summary>Parses <c>tile/L/N[.p/W]</c>; levels are 0 to 63, widths 1 to 255.</summary>
    public static bool TryParse(string path, out TileCoordinate tile)
    {
        tile = default;
        var parts = path.Split('/', 3);
        if (parts is not ["tile", var level, var rest] || !TilePath.TryNumber(level, 2, out var l) || l > 63
            || !TilePath.TryParse(rest, out var index, out var width))
        {
            return false;
        }

        tile = new TileCoordinate((int)l, index, width);
        return true;
    }

    /// <summary>Every tile that a tree of <paramref name="size"/> leaves has: the full ones and each level's partial one.</summary>
    public static IEnumerable<TileCoordinate> ForSize(long size) => NewBetween(0, size);

    /// <summary>The tiles of the tree of <paramref name="newSize"/> leaves that the tree of <paramref name="oldSize"/> leaves does not have.</summary>
    public static IEnumerable<TileCoordinate> NewBetween(long oldSize, long newSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(oldSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(oldSize, newSize);

        // Sizes have 63 bits: no tree reaches level 8 (and a shift by 64 would be a shift by 0).
        for (var level = 0; level < 8 && newSize >> (8 * level) > 0; level++)
        {
            var (before, now) = (oldSize >> (8 * level), newSize >> (8 * level));
            if (before == now)
            {
                continue;
            }

            for (var index = before / FullWidth; index < now / FullWidth; index++)
            {
                yield return new TileCoordinate(level, index, FullWidth);
            }

            if (now % FullWidth is var width and > 0)
            {
                yield return new TileCoordinate(level, now / FullWidth, (int)width);
            }
        }
    }
}

/// <summary>An entry bundle: the <see cref="Width"/> entries below level-0 tile <see cref="Index"/>.</summary>
public readonly record struct EntryBundleCoordinate(long Index, int Width)
{
    /// <summary>The path below the log's prefix: <c>tile/entries/N[.p/W]</c>.</summary>
    public string Path => $"tile/entries/{TilePath.Format(Index, Width)}";

    /// <summary>Parses <c>tile/entries/N[.p/W]</c>.</summary>
    public static bool TryParse(string path, out EntryBundleCoordinate bundle)
    {
        bundle = default;
        const string Prefix = "tile/entries/";
        if (!path.StartsWith(Prefix, StringComparison.Ordinal) || !TilePath.TryParse(path[Prefix.Length..], out var index, out var width))
        {
            return false;
        }

        bundle = new EntryBundleCoordinate(index, width);
        return true;
    }
}
