using System.Buffers.Binary;
using Cairn.Evidence;

namespace Cairn.Witness.Monitoring;

/// <summary>
/// What an emitter's spool says by what is no longer in it (docs/spec/spool.md): a segment goes when its last statement is
/// acknowledged, so a stream whose first kept statement is number N has N acknowledged ones.
/// </summary>
/// <param name="Stream">The stream.</param>
/// <param name="Acknowledged">How many of its statements were acknowledged, at least.</param>
public sealed record SpoolFloor(StreamId Stream, long Acknowledged)
{
    private const int HeaderBytes = 32;
    private const int FrameBytes = 20;

    /// <summary>Reads a spool that a living emitter may be writing to. Nothing is changed or locked.</summary>
    public static IReadOnlyList<SpoolFloor> Read(string folder)
    {
        var floors = new List<SpoolFloor>();
        foreach (var segments in Directory.EnumerateFiles(folder, "*.spool").Order(StringComparer.Ordinal).GroupBy(path => Path.GetFileName(path).Split('.')[0]))
        {
            if (StreamId.TryParse(segments.Key, out var stream) && FirstSeq(segments.First()) is { } seq)
            {
                floors.Add(new SpoolFloor(stream, seq));
            }
        }

        return floors;
    }

    /// <summary>The ordinal of a segment's first statement; null while it has none, or when it has just gone.</summary>
    private static long? FirstSeq(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var start = new byte[HeaderBytes + FrameBytes];
            return file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.AsSpan().StartsWith("cairn spool v1\n\0"u8)
                ? BinaryPrimitives.ReadInt64LittleEndian(start.AsSpan(HeaderBytes + 12))
                : null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
