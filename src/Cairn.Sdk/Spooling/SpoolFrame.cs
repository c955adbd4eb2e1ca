using System.Buffers.Binary;
using System.IO.Hashing;

namespace Cairn.Sdk.Spooling;

/// <summary>
/// One entry of a segment (docs/spec/spool.md §3): payload length (u32), XXH3-64 of length and payload (u64), payload:
/// the statement's seq (u64) and the submission's bytes. Little endian. The hash is seeded with the frame's offset in
/// the file, so that a frame left over from elsewhere never passes.
/// </summary>
internal static class SpoolFrame
{
    public const int HeaderBytes = 12;
    public const int SeqBytes = 8;

    /// <summary>A longer frame than any emitter writes is damage, not data: contents are bounded by the capture profile.</summary>
    public const int MaxPayload = 256 * 1024 * 1024;

    /// <summary>Bytes that a submission of this length takes in a segment.</summary>
    public static int FrameBytes(int submission) => HeaderBytes + SeqBytes + submission;

    /// <summary>Writes a whole frame to the start of <paramref name="frame"/>.</summary>
    public static void Write(Span<byte> frame, long offset, long seq, ReadOnlySpan<byte> submission)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(frame, checked((uint)(SeqBytes + submission.Length)));
        BinaryPrimitives.WriteInt64LittleEndian(frame[HeaderBytes..], seq);
        submission.CopyTo(frame[(HeaderBytes + SeqBytes)..]);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[4..], Hash(frame, offset, SeqBytes + submission.Length));
    }

    /// <summary>The payload length that a header claims, or null when no frame can start like this.</summary>
    public static int? PayloadLength(ReadOnlySpan<byte> header)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header);
        return length is >= SeqBytes and <= MaxPayload ? (int)length : null;
    }

    /// <summary>Whether the whole frame (header and payload) is as it was written.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> frame, long offset) =>
        BinaryPrimitives.ReadUInt64LittleEndian(frame[4..]) == Hash(frame, offset, frame.Length - HeaderBytes);

    /// <summary>The statement's seq in a whole frame.</summary>
    public static long Seq(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadInt64LittleEndian(frame[HeaderBytes..]);

    private static ulong Hash(ReadOnlySpan<byte> frame, long offset, int payload)
    {
        var hash = new XxHash3(offset);
        hash.Append(frame[..4]);
        hash.Append(frame.Slice(HeaderBytes, payload));
        return hash.GetCurrentHashAsUInt64();
    }
}
