namespace Cairn.Evidence.Tiles;

/// <summary>Where tiles come from: a folder, an object store, a web server.</summary>
public interface ITileReader
{
    /// <summary>The tile's bytes: <see cref="TileCoordinate.Width"/> × 32. A reader may use a full tile for a partial one's first bytes.</summary>
    ValueTask<ReadOnlyMemory<byte>> ReadAsync(TileCoordinate tile, CancellationToken cancellationToken);
}
