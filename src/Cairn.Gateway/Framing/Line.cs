using System.Buffers;

namespace Cairn.Gateway.Framing;

/// <summary>Why a <see cref="Line"/> holds what it holds.</summary>
internal enum LineKind
{
    /// <summary>One whole line with its terminator, or the unterminated last one of the stream.</summary>
    Whole,

    /// <summary>A part of a line that is longer than the limit; more of it follows.</summary>
    Fragment,

    /// <summary>The last part of a line that is longer than the limit.</summary>
    LastFragment,
}

/// <summary>
/// The bytes of one newline-delimited message exactly as they were read, terminator included. The buffer is rented:
/// whoever consumes the line disposes it.
/// </summary>
internal sealed class Line : IDisposable
{
    private byte[]? _buffer;
    private readonly int _length;

    public Line(byte[] buffer, int length, LineKind kind)
    {
        (_buffer, _length, Kind) = (buffer, length, kind);
    }

    public LineKind Kind { get; }

    /// <summary>Number of bytes with the terminator.</summary>
    public int Length => _length;

    /// <summary>All bytes, terminator included.</summary>
    public ReadOnlyMemory<byte> Bytes => new(_buffer ?? throw new ObjectDisposedException(nameof(Line)), 0, _length);

    /// <summary>The bytes without the terminating LF or CR LF.</summary>
    public ReadOnlyMemory<byte> Message
    {
        get
        {
            var bytes = Bytes;
            if (bytes.Length > 0 && bytes.Span[^1] == (byte)'\n')
            {
                bytes = bytes[..^1];
                if (bytes.Length > 0 && bytes.Span[^1] == (byte)'\r')
                {
                    bytes = bytes[..^1];
                }
            }

            return bytes;
        }
    }

    /// <summary>A line with the same bytes in a buffer of its own.</summary>
    public static Line Copy(ReadOnlySpan<byte> bytes, LineKind kind = LineKind.Whole)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(bytes.Length, 1));
        bytes.CopyTo(buffer);
        return new Line(buffer, bytes.Length, kind);
    }

    public void Dispose()
    {
        var buffer = Interlocked.Exchange(ref _buffer, null);
        if (buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
