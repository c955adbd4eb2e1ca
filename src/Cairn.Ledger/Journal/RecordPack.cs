using System.Buffers;
using System.Buffers.Binary;
using ZstdSharp;

namespace Cairn.Ledger.Journal;

/// <summary>A statement's records as one compressed value: zstd over (length, bytes) pairs, the length as big-endian 32 bits.</summary>
internal static class RecordPack
{
    // A submission has at most 65,536 records of 64 KiB in the format; the journal takes what an emitter sends in one go.
    private const int LargestUnpacked = 64 * 1024 * 1024;
    private const int Level = 1;

    [ThreadStatic]
    private static Compressor? t_compressor;

    [ThreadStatic]
    private static Decompressor? t_decompressor;

    public static byte[] Pack(IReadOnlyList<ReadOnlyMemory<byte>> records)
    {
        var length = records.Sum(record => 4 + record.Length);
        if (length > LargestUnpacked)
        {
            throw new Evidence.EvidenceFormatException($"one submission may hold {LargestUnpacked} bytes of records, found {length}");
        }

        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var at = 0;
            foreach (var record in records)
            {
                BinaryPrimitives.WriteInt32BigEndian(buffer.AsSpan(at), record.Length);
                record.Span.CopyTo(buffer.AsSpan(at + 4));
                at += 4 + record.Length;
            }

            return (t_compressor ??= new Compressor(Level)).Wrap(buffer.AsSpan(0, length)).ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <exception cref="Evidence.EvidenceFormatException">The value is not a pack.</exception>
    public static List<ReadOnlyMemory<byte>> Unpack(ReadOnlySpan<byte> pack)
    {
        byte[] bytes;
        try
        {
            bytes = (t_decompressor ??= new Decompressor()).Unwrap(pack, LargestUnpacked).ToArray();
        }
        catch (ZstdException problem)
        {
            throw new Evidence.EvidenceFormatException($"the records' pack does not decompress: {problem.Message}", problem);
        }

        var records = new List<ReadOnlyMemory<byte>>();
        for (var at = 0; at < bytes.Length;)
        {
            var length = bytes.Length - at < 4 ? -1 : BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at));
            if (length < 0 || length > bytes.Length - at - 4)
            {
                throw new Evidence.EvidenceFormatException($"the records' pack ends inside record {records.Count}");
            }

            records.Add(bytes.AsMemory(at + 4, length));
            at += 4 + length;
        }

        return records;
    }
}
