using System.Buffers.Binary;
using System.Text;

namespace Cairn.Evidence.Bundles;

/// <summary>
/// Reads a bundle's zip by the one profile that bundles have (docs/spec/bundle.md §2) and refuses everything else
/// before a byte of content is decompressed: other names, paths, duplicates, gaps, encryption, other methods, bombs.
/// </summary>
internal static class ZipDirectory
{
    /// <summary>A file that inflates by more than this is no evidence; JSON Lines of records come to 5 to 30.</summary>
    public const int MaxRatio = 100;

    private const int RatioMattersFrom = 1 << 20;
    private const int MostComment = 65535;
    private const int MostEntries = 64;

    public static IReadOnlyList<ZipEntry> Read(Stream zip, long maxBytes)
    {
        var (count, offset, length) = ReadEnd(zip);
        var directory = ReadAt(zip, offset, (int)length);
        var entries = new List<ZipEntry>(count);
        var at = 0;
        for (var i = 0; i < count; i++)
        {
            var entry = ReadCentral(directory, ref at, i);
            CheckName(entry.Name, entries);
            entries.Add(entry);
        }

        if (at != directory.Length)
        {
            throw BundleFault.Zip("zip-malformed", "central directory", $"{count} entries of {at} bytes", $"{directory.Length} bytes");
        }

        CheckLocals(zip, entries, offset);
        CheckSizes(entries, maxBytes);
        CheckComplete(entries);
        return entries;
    }

    private static (int Count, long Offset, long Length) ReadEnd(Stream zip)
    {
        const int Size = ZipEntry.EndBytes;
        var length = zip.Length;
        var tail = ReadAt(zip, Math.Max(0, length - Size - MostComment), (int)Math.Min(length, Size + MostComment));
        var end = tail.Length < Size ? [] : tail.AsSpan(tail.Length - Size);
        if (end.IsEmpty || BinaryPrimitives.ReadUInt32LittleEndian(end) != ZipEntry.EndSignature)
        {
            Span<byte> signature = [0x50, 0x4b, 0x05, 0x06];
            throw tail.AsSpan().LastIndexOf(signature) is var at and >= 0 && tail.Length - at > Size
                ? BundleFault.Zip("zip-malformed", "end record", "the end record as the last 22 bytes", "bytes after it")
                : BundleFault.Zip("zip-truncated", "end record", "the end-of-directory record in the last 22 bytes", $"none: the file of {length} bytes was cut, or is not a zip");
        }

        var count = BinaryPrimitives.ReadUInt16LittleEndian(end[10..]);
        var (bytes, offset) = (BinaryPrimitives.ReadUInt32LittleEndian(end[12..]), BinaryPrimitives.ReadUInt32LittleEndian(end[16..]));
        if (!end.SequenceEqual(ZipEntry.EndRecord(count, bytes, offset)))
        {
            throw BundleFault.Zip("zip-malformed", "end record", "one disk and no comment", "other values");
        }

        if (count > MostEntries || bytes > MostEntries * (ZipEntry.CentralFixed + 255))
        {
            throw BundleFault.Zip("zip-unknown-entry", "central directory", $"at most {BundleFiles.All.Count} files", $"{count} in a directory of {bytes} bytes");
        }

        return (long)offset + bytes == length - Size
            ? (count, offset, bytes)
            : throw BundleFault.Zip("zip-truncated", "central directory", $"{bytes} bytes at offset {offset}, up to the end record", $"the end record at {length - Size}");
    }

    private static ZipEntry ReadCentral(byte[] directory, ref int at, int number)
    {
        var rest = directory.AsSpan(at);
        if (rest.Length < ZipEntry.CentralFixed || BinaryPrimitives.ReadUInt32LittleEndian(rest) != ZipEntry.CentralSignature)
        {
            throw BundleFault.Zip("zip-malformed", $"entry {number}", "a central directory header", "other bytes");
        }

        var nameLength = BinaryPrimitives.ReadUInt16LittleEndian(rest[28..]);
        if (rest.Length - ZipEntry.CentralFixed < nameLength)
        {
            throw BundleFault.Zip("zip-malformed", $"entry {number}", $"a name of {nameLength} bytes", $"{rest.Length - ZipEntry.CentralFixed}");
        }

        var name = Encoding.Latin1.GetString(rest.Slice(ZipEntry.CentralFixed, nameLength));
        var (flags, method) = (BinaryPrimitives.ReadUInt16LittleEndian(rest[8..]), BinaryPrimitives.ReadUInt16LittleEndian(rest[10..]));
        if ((flags & 0x2041) != 0)
        {
            throw BundleFault.Zip("zip-encrypted", Hex.Excerpt(name), "no encryption", $"flags 0x{flags:x4}");
        }

        if (method is not (ZipEntry.Stored or ZipEntry.Deflated))
        {
            throw BundleFault.Zip("zip-method", Hex.Excerpt(name), "stored (0) or deflated (8)", $"method {method}");
        }

        CheckPath(name);
        var entry = new ZipEntry(
            name, method, BinaryPrimitives.ReadUInt32LittleEndian(rest[16..]), BinaryPrimitives.ReadUInt32LittleEndian(rest[20..]),
            BinaryPrimitives.ReadUInt32LittleEndian(rest[24..]), BinaryPrimitives.ReadUInt32LittleEndian(rest[42..]));
        var expected = entry.CentralHeader();
        if (!rest.StartsWith(expected))
        {
            throw BundleFault.Zip("zip-malformed", name, "the one form that a bundle's header has (docs/spec/bundle.md §2)", "other flags, times, attributes, extra fields or a comment");
        }

        at += expected.Length;
        return entry;
    }

    private static void CheckPath(string name)
    {
        if (name.Length == 0 || name.AsSpan().ContainsAny("/\\:") || name.Contains("..", StringComparison.Ordinal) || name.Any(c => c is < ' ' or > '~'))
        {
            throw BundleFault.Zip("zip-path", $"\"{Hex.Excerpt(name)}\"", "a plain file name", "a path, or characters that no file of a bundle has");
        }
    }

    private static void CheckName(string name, List<ZipEntry> before)
    {
        if (before.Any(other => string.Equals(other.Name, name, StringComparison.OrdinalIgnoreCase)))
        {
            throw BundleFault.Zip("zip-duplicate-entry", name, "each file once", "it twice");
        }

        if (!BundleFiles.All.Contains(name))
        {
            throw BundleFault.Zip("zip-unknown-entry", Hex.Excerpt(name), $"one of {string.Join(", ", BundleFiles.All)}", "another name");
        }
    }

    private static void CheckLocals(Stream zip, List<ZipEntry> entries, long directoryOffset)
    {
        var next = 0L;
        foreach (var entry in entries)
        {
            if (entry.Offset != next)
            {
                throw BundleFault.Zip("zip-malformed", entry.Name, $"its data at offset {next}, right after the file before it", $"offset {entry.Offset}");
            }

            if (entry.EndOffset > directoryOffset)
            {
                throw BundleFault.Zip("zip-truncated", entry.Name, $"{entry.CompressedBytes} bytes from offset {entry.DataOffset}", $"the central directory at {directoryOffset}");
            }

            var expected = entry.LocalHeader();
            if (!ReadAt(zip, entry.Offset, expected.Length).AsSpan().SequenceEqual(expected))
            {
                throw BundleFault.Zip("zip-malformed", entry.Name, "a local header that says what the central directory says", "another");
            }

            next = entry.EndOffset;
        }

        if (next != directoryOffset)
        {
            throw BundleFault.Zip("zip-malformed", "central directory", $"it right after the last file, at {next}", $"it at {directoryOffset}");
        }
    }

    private static void CheckSizes(List<ZipEntry> entries, long maxBytes)
    {
        var total = 0L;
        foreach (var entry in entries)
        {
            total += entry.Bytes;
            if (entry.Method == ZipEntry.Stored && entry.Bytes != entry.CompressedBytes)
            {
                throw BundleFault.Zip("zip-malformed", entry.Name, $"a stored file of {entry.CompressedBytes} bytes", $"a declared size of {entry.Bytes}");
            }

            if (entry.Bytes > RatioMattersFrom && entry.Bytes / MaxRatio > entry.CompressedBytes)
            {
                throw BundleFault.Zip("zip-bomb", entry.Name, $"at most {MaxRatio} bytes from each compressed one", $"{entry.Bytes} from {entry.CompressedBytes}");
            }

            if (total > maxBytes)
            {
                throw BundleFault.Zip("zip-bomb", entry.Name, $"at most {maxBytes} bytes in all files (the verifier's limit)", $"{total} or more");
            }
        }
    }

    private static void CheckComplete(List<ZipEntry> entries)
    {
        foreach (var name in BundleFiles.Required.Where(name => entries.All(entry => entry.Name != name)))
        {
            throw BundleFault.Zip("zip-missing-entry", name, "the file", "none");
        }

        foreach (var (one, other) in (ReadOnlySpan<(string, string)>)[(BundleFiles.Content, BundleFiles.ContentIndex), (BundleFiles.Policies, BundleFiles.PolicyIndex)])
        {
            if (entries.Any(entry => entry.Name == one) != entries.Any(entry => entry.Name == other))
            {
                throw BundleFault.Zip("zip-missing-entry", one, $"{one} and {other} both, or neither", "one");
            }
        }

        var order = entries.Select(entry => BundleFiles.All.ToList().IndexOf(entry.Name)).ToList();
        if (!order.Order().SequenceEqual(order))
        {
            throw BundleFault.Zip("zip-malformed", "central directory", $"the files in the order {string.Join(", ", BundleFiles.All)}", string.Join(", ", entries.Select(entry => entry.Name)));
        }
    }

    private static byte[] ReadAt(Stream zip, long offset, int length)
    {
        var bytes = new byte[length];
        zip.Position = offset;
        zip.ReadExactly(bytes);
        return bytes;
    }
}
