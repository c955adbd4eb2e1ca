using System.Buffers;

namespace Cairn.Gateway.Framing;

/// <summary>
/// Splits a byte stream at LF and nowhere else (MCP stdio transport: messages are delimited by newlines). A line longer
/// than <paramref name="maxLine"/> bytes is handed out in fragments, so that memory stays bounded whatever arrives.
/// Reads block: each reader runs on a thread of its own, because asynchronous reads of pipes occupy a pool thread anyway.
/// </summary>
/// <param name="stream">The stream; not disposed.</param>
/// <param name="maxLine">Longest whole line in bytes, terminator included.</param>
internal sealed class LineReader(Stream stream, int maxLine)
{
    private const int ReadSize = 64 * 1024;
    private const int FragmentSize = 1024 * 1024;

    private readonly byte[] _chunk = new byte[ReadSize];
    private int _start;
    private int _end;
    private bool _inFragments;

    /// <summary>The next line or fragment; null at the end of the stream.</summary>
    /// <exception cref="IOException">The stream can't be read any more.</exception>
    public Line? Read()
    {
        byte[]? buffer = null;
        var length = 0;
        var limit = _inFragments ? Math.Min(maxLine, FragmentSize) : maxLine;
        try
        {
            while (true)
            {
                if (_start == _end)
                {
                    (_start, _end) = (0, stream.Read(_chunk, 0, _chunk.Length));
                    if (_end == 0)
                    {
                        return AtEnd(ref buffer, length);
                    }
                }

                var available = _chunk.AsSpan(_start, _end - _start);
                var newline = available.IndexOf((byte)'\n');
                var take = newline < 0 ? available.Length : newline + 1;
                if (length + (long)take > limit)
                {
                    take = limit - length;
                    newline = -1;
                }

                Append(ref buffer, ref length, available[..take]);
                _start += take;
                if (newline >= 0 || length == limit)
                {
                    return Finish(ref buffer, length, complete: newline >= 0);
                }
            }
        }
        finally
        {
            if (buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private Line? AtEnd(ref byte[]? buffer, int length)
    {
        if (length == 0 && !_inFragments)
        {
            return null;
        }

        buffer ??= ArrayPool<byte>.Shared.Rent(1);
        return Finish(ref buffer, length, complete: true);
    }

    private Line Finish(ref byte[]? buffer, int length, bool complete)
    {
        var kind = (complete, _inFragments) switch
        {
            (true, false) => LineKind.Whole,
            (true, true) => LineKind.LastFragment,
            _ => LineKind.Fragment,
        };
        _inFragments = !complete;
        var line = new Line(buffer!, length, kind);
        buffer = null;
        return line;
    }

    private void Append(ref byte[]? buffer, ref int length, ReadOnlySpan<byte> more)
    {
        var needed = length + more.Length;
        if (buffer is null)
        {
            buffer = ArrayPool<byte>.Shared.Rent(Math.Max(needed, 1));
        }
        else if (buffer.Length < needed)
        {
            var size = (int)Math.Min(Math.Max(2L * buffer.Length, needed), Math.Max(maxLine, needed));
            var larger = ArrayPool<byte>.Shared.Rent(size);
            buffer.AsSpan(0, length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }

        more.CopyTo(buffer.AsSpan(length));
        length = needed;
    }
}
