using Cairn.Evidence;
using Cairn.Identity.Files;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sdk.Spooling;

/// <summary>
/// One file of a stream's spool: a 32-byte header (16 bytes magic, 16 bytes stream id), then frames. Appended to by one
/// process only; read by it and, after its death, by whoever adopts the spool.
/// </summary>
internal sealed class SpoolSegment : IDisposable
{
    public const int HeaderBytes = 32;

    private readonly SafeFileHandle _file;

    private SpoolSegment(string path, SafeFileHandle file, long length) => (Path, _file, Length) = (path, file, length);

    /// <summary>The 16 bytes that every segment starts with.</summary>
    public static ReadOnlySpan<byte> Magic => "cairn spool v1\n\0"u8;

    public string Path { get; }

    /// <summary>Bytes up to the end of the last whole frame that is known to be durable.</summary>
    public long Length { get; private set; }

    /// <summary>The highest statement seq in it; -1 while it is empty.</summary>
    public long LastSeq { get; private set; } = -1;

    /// <summary>A new segment, durable with its name when this returns.</summary>
    public static SpoolSegment Create(string path, StreamId stream)
    {
        var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite);
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, DurableFile.OwnerOnly);
            }

            Span<byte> header = stackalloc byte[HeaderBytes];
            Magic.CopyTo(header);
            stream.ToArray().CopyTo(header[16..]);
            RandomAccess.Write(file, header, 0);
            RandomAccess.FlushToDisk(file);
            DurableFile.SyncDirectory(System.IO.Path.GetDirectoryName(path)!);
            return new SpoolSegment(path, file, HeaderBytes);
        }
        catch
        {
            file.Dispose();
            File.Delete(path);
            throw;
        }
    }

    /// <summary>
    /// Appends frames and fsyncs: all are durable when it returns, and none is counted when it throws (the file is cut
    /// back to what it held before).
    /// </summary>
    public void Append(ReadOnlySpan<byte> frames, long lastSeq)
    {
        try
        {
            RandomAccess.Write(_file, frames, Length);
            RandomAccess.FlushToDisk(_file);
        }
        catch (IOException)
        {
            CutBack();
            throw;
        }

        Length += frames.Length;
        LastSeq = lastSeq;
    }

    /// <summary>Reads one frame back and gives the submission's bytes.</summary>
    /// <exception cref="SpoolException">What is there is not what was written.</exception>
    public byte[] Read(long offset, int submissionBytes)
    {
        var frame = new byte[SpoolFrame.FrameBytes(submissionBytes)];
        if (RandomAccess.Read(_file, frame, offset) != frame.Length || !SpoolFrame.IsWhole(frame, offset))
        {
            throw new SpoolException($"the frame at byte {offset} of {Path} is not what was written there; the disk or another program has changed it");
        }

        return frame[(SpoolFrame.HeaderBytes + SpoolFrame.SeqBytes)..];
    }

    /// <summary>Removes the file: everything in it has been acknowledged.</summary>
    public void Delete()
    {
        Dispose();
        File.Delete(Path);
    }

    public void Dispose() => _file.Dispose();

    // A failed append may have left bytes behind; unless they go, the next frame would stand after garbage.
    private void CutBack()
    {
        try
        {
            RandomAccess.SetLength(_file, Length);
        }
        catch (IOException)
        {
            // The next append writes over the same place, and a reader stops at the first frame that is not whole.
        }
    }
}
