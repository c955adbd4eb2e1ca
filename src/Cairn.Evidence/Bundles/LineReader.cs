namespace Cairn.Evidence.Bundles;

/// <summary>Reads a file of lines, each ended by a newline, in bounded memory.</summary>
internal sealed class LineReader(ZipFileStream source, string name, int maxLine)
{
    private byte[] _buffer = new byte[64 * 1024];
    private int _at, _end;

    /// <summary>Lines read so far.</summary>
    public long Lines { get; private set; }

    /// <summary>The next line without its newline; it stays valid until the next call. False at the end.</summary>
    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        var searched = 0;
        while (true)
        {
            var newline = _buffer.AsSpan(_at + searched, _end - _at - searched).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                line = _buffer.AsSpan(_at, searched + newline);
                _at += searched + newline + 1;
                Lines++;
                return line.Length <= maxLine ? true : throw TooLong();
            }

            searched = _end - _at;
            if (searched > maxLine)
            {
                throw TooLong();
            }

            if (!Fill())
            {
                line = default;
                return searched == 0
                    ? false
                    : throw BundleFault.File("line-malformed", name, "a newline at the end of the last line", $"{searched} bytes after the last newline");
            }
        }
    }

    private BundleFault TooLong() => BundleFault.File("line-malformed", name, $"lines of at most {maxLine} bytes", $"a longer one, line {Lines + 1}");

    private bool Fill()
    {
        if (_at > 0)
        {
            _buffer.AsSpan(_at, _end - _at).CopyTo(_buffer);
            (_at, _end) = (0, _end - _at);
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        var read = source.Read(_buffer.AsSpan(_end));
        _end += read;
        return read > 0;
    }
}
