using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using Cairn.Evidence;
using Cairn.Evidence.Bundles;

namespace Cairn.EndToEnd;

/// <summary>What somebody without keys can do to a bundle: other files in it, with a manifest, digests and checksums that fit (docs/spec/bundle.md §2, §4).</summary>
internal static class Refitted
{
    /// <summary>The bundle with its files changed by <paramref name="edit"/>; files that it removes are gone from the manifest too.</summary>
    public static byte[] Bundle(string path, Action<Dictionary<string, byte[]>> edit)
    {
        var files = new Dictionary<string, byte[]>();
        using (var zip = ZipFile.OpenRead(path))
        {
            foreach (var entry in zip.Entries)
            {
                using var content = entry.Open();
                using var bytes = new MemoryStream();
                content.CopyTo(bytes);
                files[entry.Name] = bytes.ToArray();
            }
        }

        edit(files);
        var names = BundleFiles.All.Where(name => name != BundleFiles.Manifest && files.ContainsKey(name)).ToList();
        files[BundleFiles.Manifest] = (BundleManifest.Parse(files[BundleFiles.Manifest]) with
        {
            Files = [.. names.Select(name => new BundleFile(name, files[name].Length, new Digest(SHA256.HashData(files[name]))))],
        }).Encode();
        return Zip([.. names.Prepend(BundleFiles.Manifest).Select(name => (name, files[name]))]);
    }

    private static byte[] Zip(List<(string Name, byte[] Bytes)> files)
    {
        using var output = new MemoryStream();
        using var central = new MemoryStream();
        Span<byte> fields = stackalloc byte[26];
        Span<byte> tail = stackalloc byte[14];
        foreach (var (name, bytes) in files)
        {
            fields.Clear();
            fields[0] = 20;
            fields[8] = 0x21;
            BinaryPrimitives.WriteUInt32LittleEndian(fields[10..], Crc32.HashToUInt32(bytes));
            BinaryPrimitives.WriteUInt32LittleEndian(fields[14..], (uint)bytes.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(fields[18..], (uint)bytes.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(fields[22..], (ushort)name.Length);
            tail.Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(tail[6..], 0x81A40000);
            BinaryPrimitives.WriteUInt32LittleEndian(tail[10..], (uint)output.Position);
            central.Write([.. "PK"u8, 1, 2, 0x14, 0x03, .. fields, .. tail, .. Encoding.ASCII.GetBytes(name)]);
            output.Write([.. "PK"u8, 3, 4, .. fields, .. Encoding.ASCII.GetBytes(name), .. bytes]);
        }

        Span<byte> end = stackalloc byte[22];
        end.Clear();
        "PK"u8.CopyTo(end);
        (end[2], end[3]) = (5, 6);
        BinaryPrimitives.WriteUInt16LittleEndian(end[8..], (ushort)files.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(end[10..], (ushort)files.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(end[12..], (uint)central.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(end[16..], (uint)output.Position);
        return [.. output.ToArray(), .. central.ToArray(), .. end];
    }
}
