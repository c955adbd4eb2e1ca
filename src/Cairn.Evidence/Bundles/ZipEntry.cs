using System.Buffers.Binary;
using System.Text;

namespace Cairn.Evidence.Bundles;

/// <summary>
/// One file of a bundle's zip. The bundle's profile of the format (docs/spec/bundle.md §2) leaves no choice in any
/// header, so a header is checked by writing it again and comparing the bytes.
/// </summary>
internal sealed record ZipEntry(string Name, ushort Method, uint Crc, uint CompressedBytes, uint Bytes, uint Offset)
{
    public const ushort Stored = 0, Deflated = 8;
    public const uint LocalSignature = 0x04034b50, CentralSignature = 0x02014b50, EndSignature = 0x06054b50;
    public const int LocalFixed = 30, CentralFixed = 46, EndBytes = 22;

    private const ushort VersionNeeded = 20, MadeByUnix = 0x0314, MidnightOf1980 = 0, FirstDayOf1980 = 0x0021;
    private const uint RegularFile0644 = 0x81A40000;

    public long DataOffset => (long)Offset + LocalFixed + Name.Length;

    public long EndOffset => DataOffset + CompressedBytes;

    public byte[] LocalHeader()
    {
        var header = new byte[LocalFixed + Name.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(header, LocalSignature);
        WriteCommon(header.AsSpan(4));
        Encoding.ASCII.GetBytes(Name, header.AsSpan(LocalFixed));
        return header;
    }

    public byte[] CentralHeader()
    {
        var header = new byte[CentralFixed + Name.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(header, CentralSignature);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(4), MadeByUnix);
        WriteCommon(header.AsSpan(6));
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(38), RegularFile0644);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(42), Offset);
        Encoding.ASCII.GetBytes(Name, header.AsSpan(CentralFixed));
        return header;
    }

    public static byte[] EndRecord(int entries, uint directoryBytes, uint directoryOffset)
    {
        var record = new byte[EndBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(record, EndSignature);
        BinaryPrimitives.WriteUInt16LittleEndian(record.AsSpan(8), (ushort)entries);
        BinaryPrimitives.WriteUInt16LittleEndian(record.AsSpan(10), (ushort)entries);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12), directoryBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(16), directoryOffset);
        return record;
    }

    // The 26 bytes that local and central headers share, from "version needed" to "extra field length".
    private void WriteCommon(Span<byte> at)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(at, VersionNeeded);
        BinaryPrimitives.WriteUInt16LittleEndian(at[4..], Method);
        BinaryPrimitives.WriteUInt16LittleEndian(at[6..], MidnightOf1980);
        BinaryPrimitives.WriteUInt16LittleEndian(at[8..], FirstDayOf1980);
        BinaryPrimitives.WriteUInt32LittleEndian(at[10..], Crc);
        BinaryPrimitives.WriteUInt32LittleEndian(at[14..], CompressedBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(at[18..], Bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(at[22..], (ushort)Name.Length);
    }
}
