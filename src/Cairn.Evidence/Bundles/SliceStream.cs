namespace Cairn.Evidence.Bundles;

/// <summary>A part of a seekable stream, read forward in large pieces, so that several parts can be read in turns.</summary>
/// <param name="whole">What it is a part of.</param>
/// <param name="offset">Where it begins.</param>
/// <param name="length">How many bytes it has.</param>
/// <param name="single">How many of its last bytes are given one at a time, to a reader that would take more than it uses.</param>
internal sealed class SliceStream(Stream whole, long offset, long length, int single = 0) : Stream
{
    private const int Piece = 128 * 1024;
    private readonly byte[] _buffer = new byte[(int)Math.Min(Piece, Math.Max(1, length))];
    private long _fetched;
    private int _at, _end;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _fetched - (_end - _at);
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        if (_at == _end)
        {
            Fetch();
        }

        var count = Math.Min(buffer.Length, _end - _at);
        if (single > 0 && count > 1)
        {
            count = (int)Math.Clamp(length - single - Position, 1, count);
        }

        _buffer.AsSpan(_at, count).CopyTo(buffer);
        _at += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private void Fetch()
    {
        var count = (int)Math.Min(_buffer.Length, length - _fetched);
        if (count > 0)
        {
            whole.Position = offset + _fetched;
            whole.ReadExactly(_buffer.AsSpan(0, count));
        }

        (_at, _end, _fetched) = (0, count, _fetched + count);
    }
}
