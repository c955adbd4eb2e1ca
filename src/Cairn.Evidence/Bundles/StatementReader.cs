using System.Buffers.Binary;

namespace Cairn.Evidence.Bundles;

/// <summary>Reads statements.bin: each statement is a big-endian 16-bit length and its bytes, as in entry bundles.</summary>
internal sealed class StatementReader(ZipFileStream source)
{
    /// <summary>The next statement's bytes; null at the end.</summary>
    public byte[]? Read()
    {
        Span<byte> head = stackalloc byte[2];
        var got = source.ReadAtLeast(head, 2, throwOnEndOfStream: false);
        if (got == 0)
        {
            return null;
        }

        var bytes = new byte[got == 2 ? BinaryPrimitives.ReadUInt16BigEndian(head) : 0];
        return got == 2 && source.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length
            ? bytes
            : throw BundleFault.File("statement-malformed", BundleFiles.Statements, "whole statements, each with its length before it", "the end inside one");
    }
}
