using System.IO.Compression;
using System.IO.Hashing;

namespace Cairn.Evidence.Bundles;

/// <summary>Writes a bundle's zip (docs/spec/bundle.md §2): the same files give the same bytes.</summary>
internal sealed class ZipWriter(Stream output)
{
    /// <summary>Files up to this size are stored as they are: there is little to gain.</summary>
    public const int StoredUpTo = 4096;

    private readonly List<ZipEntry> _entries = [];

    /// <summary>Adds a file; reads <paramref name="content"/> from its start to its end.</summary>
    /// <exception cref="EvidenceFormatException">The file or the zip passes 4 GiB.</exception>
    public void Add(string name, Stream content)
    {
        var length = content.Length;
        var method = length <= StoredUpTo ? ZipEntry.Stored : ZipEntry.Deflated;
        var entry = new ZipEntry(name, method, 0, 0, Checked(name, length), Checked(name, output.Position));
        output.Write(entry.LocalHeader());
        content.Position = 0;
        var crc = new Crc32();
        if (method == ZipEntry.Stored)
        {
            Copy(content, output, crc);
        }
        else
        {
            // Written once, kept and sent often: the fastest level would leave half as many bytes again (decision 0199).
            using var deflate = new DeflateStream(output, CompressionLevel.Optimal, leaveOpen: true);
            Copy(content, deflate, crc);
        }

        var end = output.Position;
        entry = entry with { Crc = crc.GetCurrentHashAsUInt32(), CompressedBytes = Checked(name, end - entry.DataOffset) };
        _entries.Add(entry);
        output.Position = entry.Offset;
        output.Write(entry.LocalHeader());
        output.Position = end;
    }

    /// <summary>Writes the directory.</summary>
    public void Finish()
    {
        var start = output.Position;
        foreach (var entry in _entries)
        {
            output.Write(entry.CentralHeader());
        }

        output.Write(ZipEntry.EndRecord(_entries.Count, Checked("directory", output.Position - start), Checked("directory", start)));
    }

    private static uint Checked(string name, long value) => value is >= 0 and < uint.MaxValue
        ? (uint)value
        : throw new EvidenceFormatException($"bundle, {name}: a bundle and each of its files have less than 4 GiB, found {value} bytes");

    private static void Copy(Stream from, Stream to, Crc32 crc)
    {
        var buffer = new byte[128 * 1024];
        for (int read; (read = from.Read(buffer)) > 0;)
        {
            crc.Append(buffer.AsSpan(0, read));
            to.Write(buffer.AsSpan(0, read));
        }
    }
}
