using System.IO.Hashing;
using Cairn.Evidence.Bundles;

namespace Cairn.Evidence.Drills;

/// <summary>
/// A bundle in the hands of somebody who can write zips and digests but has no key: its members, and the bundle again with
/// one of them replaced and everything that nobody signs made to fit.
/// </summary>
internal sealed class TakenApart
{
    private readonly BundleManifest _manifest;

    /// <summary>Takes the bundle apart, whole in memory.</summary>
    /// <exception cref="BundleFault">It is no bundle.</exception>
    /// <exception cref="EvidenceFormatException">Its manifest is none.</exception>
    public TakenApart(byte[] bundle)
    {
        Bytes = bundle;
        using var zip = new MemoryStream(bundle, writable: false);
        Entries = ZipDirectory.Read(zip, int.MaxValue);
        Members = [.. Entries.Select(entry =>
        {
            var data = new byte[entry.Bytes];
            using var stream = new ZipFileStream(zip, entry);
            stream.ReadExactly(data);
            return data;
        })];
        _manifest = BundleManifest.Parse(Members[0]);
    }

    /// <summary>The bundle.</summary>
    public byte[] Bytes { get; }

    /// <summary>The zip's entries; the manifest is the first.</summary>
    public IReadOnlyList<ZipEntry> Entries { get; }

    /// <summary>The members' uncompressed bytes, entry by entry.</summary>
    public IReadOnlyList<byte[]> Members { get; }

    /// <summary>
    /// Whether a bit belongs to a member's compressed data, and the member has the same bytes with it changed: a deflate stream has
    /// bits that nobody reads behind its last block, and other ways to name the same bytes.
    /// </summary>
    /// <param name="name">The member, or <see cref="BitDrill.Container"/>.</param>
    /// <param name="bit">The bit of the bundle.</param>
    public bool InflatesToTheSame(string name, long bit)
    {
        for (var i = 0; i < Entries.Count; i++)
        {
            if (Entries[i] is { Method: ZipEntry.Deflated } entry && entry.Name == name)
            {
                using var zip = new MemoryStream(BitDrill.Flip(Bytes, bit), writable: false);
                using var stream = new ZipFileStream(zip, entry);
                return stream.Finish(Digest.Sha256(Members[i])) is null;
            }
        }

        return false;
    }

    /// <summary>The bundle with other bytes for one member, digests, sizes and checksums fitting.</summary>
    public byte[] With(int member, byte[] data)
    {
        var manifest = member == 0 ? data : (_manifest with
        {
            Files = [.. _manifest.Files.Select((file, i) => i == member - 1 ? file with { Bytes = data.Length, Sha256 = Digest.Sha256(data) } : file)],
        }).Encode();
        using var output = new MemoryStream(Bytes.Length + 64);
        List<ZipEntry> entries = [];
        for (var i = 0; i < Entries.Count; i++)
        {
            var content = i == 0 ? manifest : i == member ? data : Members[i];
            var crc = i == 0 || i == member ? Crc32.HashToUInt32(content) : Entries[i].Crc;
            var entry = new ZipEntry(Entries[i].Name, ZipEntry.Stored, crc, (uint)content.Length, (uint)content.Length, (uint)output.Position);
            output.Write(entry.LocalHeader());
            output.Write(content);
            entries.Add(entry);
        }

        var start = (uint)output.Position;
        entries.ForEach(entry => output.Write(entry.CentralHeader()));
        output.Write(ZipEntry.EndRecord(entries.Count, (uint)output.Position - start, start));
        return output.ToArray();
    }
}
