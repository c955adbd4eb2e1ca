using System.Buffers.Binary;
using Cairn.Evidence;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Tiles;
using Cairn.Ledger.Journal;
using Cairn.Ledger.Sequencing;

namespace Cairn.Bench.Proof;

/// <summary>
/// A log whose entries are their own numbers, eight bytes each, put on disk by the ledger's own tile code without its journal: ten
/// million signed statements would take hours, and a proof does not look at what a leaf hashes.
/// </summary>
internal sealed class SyntheticLog
{
    private const int AtOnce = 1 << 16;
    private readonly TileFolder _folder;

    public SyntheticLog(string path)
    {
        _folder = new TileFolder(Directory.CreateDirectory(path).FullName);
        Tree = new TileTree(_folder);
    }

    /// <summary>The log as any reader of its files has it; what the operating system remembers of them comes from memory.</summary>
    public TileTree Tree { get; }

    /// <summary>Entries so far.</summary>
    public long Size { get; private set; }

    public static Digest Leaf(long index) => MerkleHash.Leaf(Entry(index));

    /// <summary>Appends until there are so many.</summary>
    public async Task GrowAsync(long size)
    {
        while (Size < size)
        {
            var rows = new List<JournalRow>(AtOnce);
            for (var end = Math.Min(size, Size + AtOnce); Size + rows.Count < end;)
            {
                var index = Size + rows.Count;
                rows.Add(new JournalRow(index, Leaf(index), Entry(index), []));
            }

            var staged = await TileBuilder.BuildAsync(_folder, Size, rows, CancellationToken.None);
            foreach (var (path, bytes) in staged.Files)
            {
                var full = Path.Combine(_folder.Root, path);
                Directory.CreateDirectory(Path.GetDirectoryName(full)!);
                await File.WriteAllBytesAsync(full, bytes);
            }

            Size += rows.Count;
        }
    }

    /// <summary>A tile's file.</summary>
    public string PathOf(TileCoordinate tile) => Path.Combine(_folder.Root, tile.Path);

    private static byte[] Entry(long index)
    {
        var entry = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(entry, index);
        return entry;
    }
}
