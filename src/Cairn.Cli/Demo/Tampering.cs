using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Cairn.Cli.Demo;

/// <summary>What a careful forger would do: change one letter of a record and mend the zip's checksums, so that the file itself looks whole.</summary>
internal static class Tampering
{
    private const string File = "records.jsonl";
    private const int LocalHeader = 30;
    private const int CentralHeader = 46;

    /// <summary>Copies the bundle and changes one letter of a written action's resource; says what it did.</summary>
    /// <exception cref="InvalidDataException">The bundle holds no record of a write, or is larger than the demo's.</exception>
    public static string AlterOneByte(string bundle, string copy)
    {
        var zip = System.IO.File.ReadAllBytes(bundle);
        var name = Encoding.ASCII.GetBytes(File);
        var (local, central) = (Find(zip, "PK\u0003\u0004"u8, LocalHeader, name), Find(zip, "PK\u0001\u0002"u8, CentralHeader, name));
        var length = BinaryPrimitives.ReadInt32LittleEndian(zip.AsSpan(central + 20));
        var records = zip.AsSpan(local + LocalHeader + name.Length + BinaryPrimitives.ReadUInt16LittleEndian(zip.AsSpan(local + 28)), length);
        var at = records.IndexOf("tools/write_file"u8);
        if (at < 0)
        {
            throw new InvalidDataException($"{bundle} holds no record of write_file in {File}");
        }

        at += "tools/".Length;
        records[at] = (byte)'W';
        var checksum = Crc32.HashToUInt32(records);
        BinaryPrimitives.WriteUInt32LittleEndian(zip.AsSpan(local + 14), checksum);
        BinaryPrimitives.WriteUInt32LittleEndian(zip.AsSpan(central + 16), checksum);
        System.IO.File.WriteAllBytes(copy, zip);
        return $"$ one byte of {File}, line {1 + records[..at].Count((byte)'\n')}: \"write_file\" becomes \"Write_file\"; the zip's checksums are mended";
    }

    /// <summary>Where the header of that kind stands that is followed by that name.</summary>
    private static int Find(ReadOnlySpan<byte> zip, ReadOnlySpan<byte> signature, int header, ReadOnlySpan<byte> name)
    {
        for (var at = 0; at + header + name.Length <= zip.Length; at++)
        {
            if (zip[at..].StartsWith(signature) && zip[(at + header)..].StartsWith(name))
            {
                return at;
            }
        }

        throw new InvalidDataException($"the bundle holds no {File}");
    }
}
