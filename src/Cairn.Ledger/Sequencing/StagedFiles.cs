using System.Buffers.Binary;
using System.Text;
using Cairn.Evidence.Tiles;
using Cairn.Identity.Files;

namespace Cairn.Ledger.Sequencing;

/// <summary>
/// The files of one step of the log (entry bundles and tiles), kept in one staging file named by the new size until all
/// of them are published. Layout: for each file a 16-bit path length, the path, a 32-bit length, the bytes; big-endian.
/// </summary>
internal sealed class StagedFiles
{
    private readonly Dictionary<string, byte[]> _files = [];

    public IReadOnlyDictionary<string, byte[]> Files => _files;

    public void Add(string path, byte[] bytes) => _files[path] = bytes;

    public static string PathFor(string folder, long size) => Path.Combine(folder, size.ToString("d20"));

    /// <summary>The sizes that have a staging file.</summary>
    public static IEnumerable<(long Size, string Path)> Existing(string folder) =>
        from path in Directory.Exists(folder) ? Directory.EnumerateFiles(folder) : []
        where long.TryParse(Path.GetFileName(path), out _)
        select (long.Parse(Path.GetFileName(path)), path);

    /// <summary>Writes the staging file; durable when it returns.</summary>
    public void Write(string path)
    {
        using var buffer = new MemoryStream();
        Span<byte> number = stackalloc byte[4];
        foreach (var (name, bytes) in _files)
        {
            var text = Encoding.ASCII.GetBytes(name);
            BinaryPrimitives.WriteUInt16BigEndian(number, checked((ushort)text.Length));
            buffer.Write(number[..2]);
            buffer.Write(text);
            BinaryPrimitives.WriteInt32BigEndian(number, bytes.Length);
            buffer.Write(number);
            buffer.Write(bytes);
        }

        DurableFile.Write(path, buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    /// <summary>Reads a staging file back from disk.</summary>
    /// <exception cref="LedgerInconsistentException">It ends inside a file.</exception>
    public static StagedFiles Read(string path)
    {
        var bytes = File.ReadAllBytes(path).AsSpan();
        var staged = new StagedFiles();
        try
        {
            while (!bytes.IsEmpty)
            {
                var name = Encoding.ASCII.GetString(bytes.Slice(2, BinaryPrimitives.ReadUInt16BigEndian(bytes)));
                bytes = bytes[(2 + name.Length)..];
                var length = BinaryPrimitives.ReadInt32BigEndian(bytes);
                staged.Add(name, bytes.Slice(4, length).ToArray());
                bytes = bytes[(4 + length)..];
            }
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new LedgerInconsistentException($"the staging file {path} ends inside a file");
        }

        return staged;
    }

    /// <summary>Tiles of the published log as they will be once these files are published.</summary>
    public ITileReader Over(TileFolder published) => new Overlay(this, published);

    private sealed class Overlay(StagedFiles staged, TileFolder published) : ITileReader
    {
        public ValueTask<ReadOnlyMemory<byte>> ReadAsync(TileCoordinate tile, CancellationToken cancellationToken)
        {
            if (staged._files.TryGetValue(tile.Path, out var exact))
            {
                return new(exact);
            }

            return staged._files.TryGetValue((tile with { Width = TileCoordinate.FullWidth }).Path, out var full)
                ? new(full.AsMemory(0, tile.Width * Evidence.Digest.Size))
                : published.ReadAsync(tile, cancellationToken);
        }
    }
}
