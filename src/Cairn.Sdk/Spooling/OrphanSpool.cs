using Cairn.Evidence;
using Cairn.Identity.Files;

namespace Cairn.Sdk.Spooling;

/// <summary>A submission read from a dead owner's spool.</summary>
internal readonly record struct SpooledSubmission(long Seq, byte[] Bytes);

/// <summary>A place where a spool could not be read on.</summary>
/// <param name="Path">The segment.</param>
/// <param name="Offset">Where the last whole frame ends.</param>
/// <param name="Bytes">How many bytes follow that are no whole frame.</param>
/// <param name="IsTail">True when nothing was written after them: the owner died in the middle of a write.</param>
internal readonly record struct SpoolDamage(string Path, long Offset, long Bytes, bool IsTail);

/// <summary>The spool of a stream whose owner is gone, held by this process until it is delivered.</summary>
internal sealed class OrphanSpool(string directory, StreamId stream, FileLock held) : IDisposable
{
    public StreamId Stream => stream;

    /// <summary>Damage that <see cref="Read"/> met; complete when the enumeration has ended.</summary>
    public List<SpoolDamage> Damage { get; } = [];

    /// <summary>
    /// Submissions in order. At a frame that is not whole, the rest of that file is cut off and kept under
    /// <c>rejected/</c>, and reading goes on with the next file.
    /// </summary>
    public IEnumerable<SpooledSubmission> Read()
    {
        var segments = SpoolDirectory.Segments(directory, stream);
        for (var i = 0; i < segments.Length; i++)
        {
            using var file = new FileStream(segments[i], FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 64 * 1024);
            var good = 0L;
            if (HasHeader(file))
            {
                good = SpoolSegment.HeaderBytes;
                while (ReadFrame(file, good) is { } frame)
                {
                    good += frame.Length;
                    yield return new SpooledSubmission(SpoolFrame.Seq(frame), frame[(SpoolFrame.HeaderBytes + SpoolFrame.SeqBytes)..]);
                }
            }

            if (good < file.Length)
            {
                Cut(file, good, isTail: i == segments.Length - 1);
            }
        }
    }

    /// <summary>All is delivered or kept elsewhere: removes the files, the lock last.</summary>
    public void Remove()
    {
        foreach (var segment in SpoolDirectory.Segments(directory, stream))
        {
            File.Delete(segment);
        }

        File.Delete(SpoolDirectory.LockPath(directory, stream));
        Dispose();
    }

    /// <summary>Lets go of it; the next starter finds it again.</summary>
    public void Dispose() => held.Dispose();

    private bool HasHeader(FileStream file)
    {
        Span<byte> header = stackalloc byte[SpoolSegment.HeaderBytes];
        return file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) == header.Length
            && header[..16].SequenceEqual(SpoolSegment.Magic) && header[16..].SequenceEqual(stream.ToArray());
    }

    private static byte[]? ReadFrame(FileStream file, long offset)
    {
        Span<byte> header = stackalloc byte[SpoolFrame.HeaderBytes];
        file.Position = offset;
        if (file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length
            || SpoolFrame.PayloadLength(header) is not { } payload || payload > file.Length - offset - header.Length)
        {
            return null;
        }

        var frame = new byte[header.Length + payload];
        header.CopyTo(frame);
        file.ReadExactly(frame.AsSpan(header.Length));
        return SpoolFrame.IsWhole(frame, offset) ? frame : null;
    }

    private void Cut(FileStream file, long good, bool isTail)
    {
        var damage = new SpoolDamage(file.Name, good, file.Length - good, isTail);
        file.Position = good;
        var rest = new byte[Math.Min(damage.Bytes, SpoolFrame.MaxPayload)];
        file.ReadExactly(rest);
        SpoolDirectory.Keep(
            directory, $"{Path.GetFileName(file.Name)}.{good}.damaged", rest,
            $"{damage.Bytes} bytes from byte {good} of {Path.GetFileName(file.Name)} are no whole frame: {(isTail ? "the owner died in the middle of a write" : "the file was changed or the disk lost data")}");
        file.SetLength(good);
        file.Flush(flushToDisk: true);
        Damage.Add(damage);
    }
}
