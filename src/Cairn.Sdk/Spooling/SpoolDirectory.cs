using System.Text;
using Cairn.Evidence;
using Cairn.Identity.Files;

namespace Cairn.Sdk.Spooling;

/// <summary>
/// The folder that all emitters of one ledger on this machine share (docs/spec/spool.md): per stream
/// <c>STREAM.lock</c>, held by its owner, and <c>STREAM.NNNNNNNN.spool</c>; beside them <c>rejected/</c> with what the
/// ledger refused for good and what could not be read.
/// </summary>
internal static class SpoolDirectory
{
    private const string Rejected = "rejected";

    public static string LockPath(string directory, StreamId stream) => Path.Combine(directory, $"{stream}.lock");

    public static string SegmentPath(string directory, StreamId stream, int number) => Path.Combine(directory, $"{stream}.{number:D8}.spool");

    /// <summary>A stream's segments in order.</summary>
    public static string[] Segments(string directory, StreamId stream)
    {
        var files = Directory.GetFiles(directory, $"{stream}.*.spool");
        Array.Sort(files, StringComparer.Ordinal);
        return files;
    }

    /// <summary>
    /// The lock of a new stream. It appears under its name only when it is held already: a scanner that found it free
    /// would take the stream for an orphan.
    /// </summary>
    public static FileLock LockNew(string path)
    {
        var temporary = path + ".new";
        try
        {
            var held = FileLock.TryTake(temporary, FileMode.CreateNew) ?? throw new IOException($"{temporary} is held by another process");
            File.Move(temporary, path);
            return held;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SpoolException($"the spool {Path.GetDirectoryName(path)} can't be used: {e.Message}", e);
        }
    }

    /// <summary>Takes over every spool whose owner is gone. Spools that living processes hold are left alone.</summary>
    public static IEnumerable<OrphanSpool> TakeOrphans(string directory)
    {
        var streams = Directory.EnumerateFiles(directory)
            .Select(f => Path.GetFileName(f))
            .Where(f => f.EndsWith(".lock", StringComparison.Ordinal) || f.EndsWith(".spool", StringComparison.Ordinal))
            .Select(f => f[..f.IndexOf('.', StringComparison.Ordinal)])
            .Distinct(StringComparer.Ordinal)
            .ToList();
        foreach (var name in streams)
        {
            if (StreamId.TryParse(name, out var stream) && FileLock.TryTake(LockPath(directory, stream)) is { } held)
            {
                yield return new OrphanSpool(directory, stream, held);
            }
        }
    }

    /// <summary>Keeps what can't be delivered, with the reason beside it. Durable when it returns.</summary>
    /// <returns>The file that holds the bytes.</returns>
    public static string Keep(string directory, string name, ReadOnlySpan<byte> bytes, string reason)
    {
        var folder = Path.Combine(directory, Rejected);
        DurableFile.CreateDirectory(folder);
        var path = Path.Combine(folder, name);
        DurableFile.Write(path, bytes);
        DurableFile.Write(path + ".reason.txt", Encoding.UTF8.GetBytes(reason + "\n"));
        return path;
    }
}
