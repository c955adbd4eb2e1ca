using System.Buffers;
using System.Buffers.Binary;

namespace Cairn.Evidence.Tiles;

/// <summary>The framing of entry bundles (C2SP tlog-tiles, "Log entries"): each entry is a big-endian 16-bit length and its bytes.</summary>
public static class EntryBundle
{
    /// <summary>The largest entry, in bytes.</summary>
    public const int MaxEntry = 65_535;

    /// <summary>Appends one entry.</summary>
    /// <exception cref="EvidenceFormatException">The entry is longer than 65,535 bytes.</exception>
    public static void Append(IBufferWriter<byte> output, ReadOnlySpan<byte> entry)
    {
        if (entry.Length > MaxEntry)
        {
            throw new EvidenceFormatException($"a log entry has at most {MaxEntry} bytes, found {entry.Length}");
        }

        var span = output.GetSpan(2 + entry.Length);
        BinaryPrimitives.WriteUInt16BigEndian(span, (ushort)entry.Length);
        entry.CopyTo(span[2..]);
        output.Advance(2 + entry.Length);
    }

    /// <summary>The entries of the bundle at a coordinate, as slices of it: exactly as many as the coordinate is wide.</summary>
    /// <exception cref="EvidenceFormatException">The bundle ends inside an entry or holds another number of them.</exception>
    public static List<ReadOnlyMemory<byte>> Parse(ReadOnlyMemory<byte> bundle, EntryBundleCoordinate coordinate) =>
        Parse(bundle) is var entries && entries.Count == coordinate.Width
            ? entries
            : throw new EvidenceFormatException($"{coordinate.Path} should hold {coordinate.Width} entries, found {entries.Count}");

    /// <summary>The entries of a bundle, as slices of it.</summary>
    /// <exception cref="EvidenceFormatException">The bundle ends inside an entry or holds more than 256.</exception>
    public static List<ReadOnlyMemory<byte>> Parse(ReadOnlyMemory<byte> bundle)
    {
        var entries = new List<ReadOnlyMemory<byte>>(TileCoordinate.FullWidth);
        for (var at = 0; at < bundle.Length;)
        {
            if (entries.Count == TileCoordinate.FullWidth)
            {
                throw new EvidenceFormatException($"an entry bundle has at most 256 entries, found more at byte {at}");
            }

            var length = bundle.Length - at < 2 ? -1 : BinaryPrimitives.ReadUInt16BigEndian(bundle.Span[at..]);
            if (length < 0 || bundle.Length - at - 2 < length)
            {
                throw new EvidenceFormatException($"the entry bundle ends inside entry {entries.Count}, at byte {at} of {bundle.Length}");
            }

            entries.Add(bundle.Slice(at + 2, length));
            at += 2 + length;
        }

        return entries;
    }
}
