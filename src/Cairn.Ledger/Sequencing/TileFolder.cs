using Cairn.Evidence;
using Cairn.Evidence.Tiles;

namespace Cairn.Ledger.Sequencing;

/// <summary>The published log as files. A partial tile is served from the full one once that exists.</summary>
internal sealed class TileFolder(string root) : ITileReader
{
    public string Root { get; } = root;

    public string CheckpointPath => Path.Combine(Root, "checkpoint");

    public ValueTask<ReadOnlyMemory<byte>> ReadAsync(TileCoordinate tile, CancellationToken cancellationToken) =>
        new(ReadWithin(tile.Path, (tile with { Width = TileCoordinate.FullWidth }).Path, tile.Width * Digest.Size));

    /// <summary>The bytes of an entry bundle, of its full form where the partial one is gone.</summary>
    /// <exception cref="LedgerInconsistentException">Neither is there.</exception>
    public ReadOnlyMemory<byte> ReadBundle(EntryBundleCoordinate bundle) =>
        ReadWithin(bundle.Path, (bundle with { Width = TileCoordinate.FullWidth }).Path, null);

    private ReadOnlyMemory<byte> ReadWithin(string exact, string full, int? length)
    {
        foreach (var path in new[] { exact, full })
        {
            try
            {
                var bytes = File.ReadAllBytes(Path.Combine(Root, path));
                return length is { } cut && bytes.Length > cut ? bytes.AsMemory(0, cut) : bytes;
            }
            catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
            {
                continue;
            }
        }

        throw new LedgerInconsistentException($"{Path.Combine(Root, exact)} is missing, and so is the full one");
    }
}
