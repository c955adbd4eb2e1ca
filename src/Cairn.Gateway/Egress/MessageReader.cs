namespace Cairn.Gateway.Egress;

/// <summary>Reads heads and bodies from a connection through one bounded buffer. Not safe for several callers at once.</summary>
/// <param name="stream">The connection.</param>
/// <param name="longestHead">The most bytes of a head.</param>
internal sealed class MessageReader(Stream stream, int longestHead)
{
    private readonly byte[] _buffer = new byte[longestHead];
    private int _start;
    private int _end;

    /// <summary>Reads a head; null when the connection ends before one begins.</summary>
    /// <exception cref="HttpFault">It is too long, no head, or cut.</exception>
    public async ValueTask<MessageHead?> ReadHeadAsync(bool isRequest, CancellationToken ct)
    {
        var seen = 0;
        while (true)
        {
            var at = _buffer.AsSpan(_start + seen, _end - _start - seen).IndexOf("\r\n\r\n"u8);
            if (at >= 0)
            {
                var length = seen + at + 4;
                var head = MessageHead.Parse(_buffer.AsSpan(_start, length), isRequest);
                _start += length;
                return head;
            }

            seen = Math.Max(0, _end - _start - 3);
            if (_end - _start == longestHead)
            {
                throw new HttpFault(isRequest ? 431 : 502, $"expected a header of at most {longestHead} bytes");
            }

            if (!await FillAsync(ct).ConfigureAwait(false))
            {
                return _end == _start ? null : throw new HttpFault(isRequest ? 400 : 502, "the connection ended within a header");
            }
        }
    }

    /// <summary>Waits for something to read; false at the connection's end.</summary>
    public async ValueTask<bool> WaitAsync(CancellationToken ct) => _start < _end || await FillAsync(ct).ConfigureAwait(false);

    /// <summary>Reads some bytes as they come; 0 at the connection's end.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken ct)
    {
        if (_start == _end)
        {
            return await stream.ReadAsync(destination, ct).ConfigureAwait(false);
        }

        var count = Math.Min(destination.Length, _end - _start);
        _buffer.AsMemory(_start, count).CopyTo(destination);
        _start += count;
        return count;
    }

    /// <summary>Reads a line that ends in CRLF, without it.</summary>
    /// <param name="longest">The most bytes of it.</param>
    /// <param name="status">The status of what goes wrong.</param>
    /// <param name="ct">Stops it.</param>
    /// <exception cref="HttpFault">It is longer, cut, or holds a bare CR or LF.</exception>
    public async ValueTask<string> ReadLineAsync(int longest, int status, CancellationToken ct)
    {
        while (true)
        {
            var at = _buffer.AsSpan(_start, _end - _start).IndexOfAny((byte)'\r', (byte)'\n');
            if (at >= 0 && (_buffer[_start + at] == '\n' || at + 1 < _end - _start))
            {
                if (at > longest || _buffer[_start + at] == '\n' || _buffer[_start + at + 1] != '\n')
                {
                    throw new HttpFault(status, at > longest ? $"expected a line of at most {longest} bytes" : "expected lines that end in CRLF, found a bare CR or LF");
                }

                var line = System.Text.Encoding.Latin1.GetString(_buffer, _start, at);
                _start += at + 2;
                return line;
            }

            if (_end - _start > longest + 1)
            {
                throw new HttpFault(status, $"expected a line of at most {longest} bytes");
            }

            if (!await FillAsync(ct).ConfigureAwait(false))
            {
                throw new HttpFault(status, "the connection ended within a line");
            }
        }
    }

    private async ValueTask<bool> FillAsync(CancellationToken ct)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        var read = await stream.ReadAsync(_buffer.AsMemory(_end), ct).ConfigureAwait(false);
        _end += read;
        return read > 0;
    }
}
