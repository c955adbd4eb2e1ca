using System.Buffers;

namespace Cairn.HttpGateway.Exchanges;

/// <summary>A piece of an event stream exactly as it was read.</summary>
/// <param name="Raw">Its bytes, blank line included; valid until the next one is read.</param>
/// <param name="Data">The joined values of its <c>data</c> fields; null when it has none or is too long to be looked into.</param>
/// <param name="HasId">It has an <c>id</c> field: the stream can be resumed after it.</param>
/// <param name="IsTooLong">A part of an event that is longer than the limit.</param>
internal readonly record struct StreamEvent(ReadOnlyMemory<byte> Raw, ReadOnlyMemory<byte>? Data, bool HasId, bool IsTooLong);

/// <summary>
/// Splits an event stream (WHATWG HTML §9.2.6) into its events without changing a byte, each handed on as soon as its
/// blank line is there; comments between events at once. An event beyond the limit is handed on in pieces, unread.
/// </summary>
/// <param name="stream">The stream; not disposed.</param>
/// <param name="limit">Longest event in bytes.</param>
/// <param name="budget">Where the room for long events comes from.</param>
internal sealed class EventStreamReader(Stream stream, int limit, BodyBudget budget) : IDisposable
{
    private const int Usual = 8 * 1024;
    private const int Free = 64 * 1024;

    private byte[] _buffer = new byte[Usual];
    private IDisposable? _room;
    private int _start;
    private int _end;
    private bool _inLongEvent;
    private bool _afterCarriageReturn;
    private bool _isFirst = true;

    /// <summary>The next piece; null at the stream's end. What stands after the last blank line is no event (§9.2.6) and is handed on as it is.</summary>
    /// <exception cref="IOException">The stream broke.</exception>
    public async ValueTask<StreamEvent?> ReadAsync(CancellationToken cancellationToken)
    {
        var searched = 0;
        while (true)
        {
            if (TakePiece(ref searched) is { } piece)
            {
                return piece;
            }

            await MakeRoomAsync(cancellationToken).ConfigureAwait(false);
            var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                if (_start == _end)
                {
                    return null;
                }

                return Hand(_end - _start, isEvent: false);
            }

            _end += read;
        }
    }

    private StreamEvent? TakePiece(ref int searched)
    {
        var available = _buffer.AsSpan(_start, _end - _start);
        var (length, isEvent) = Boundary(available, ref searched);
        if (length > 0)
        {
            return Hand(length, isEvent);
        }

        if (available.Length >= limit)
        {
            _inLongEvent = true;
            return new StreamEvent(Consume(available.Length), null, false, IsTooLong: true);
        }

        return null;
    }

    /// <summary>
    /// Where the piece at the front ends: behind its blank line, or behind the last whole line while there are only
    /// comments and blank lines. 0: more is needed.
    /// </summary>
    private (int Length, bool IsEvent) Boundary(ReadOnlySpan<byte> bytes, ref int searched)
    {
        // LF may be the second half of a CR LF whose first half ended the piece before, or the line that was searched last.
        var isAfterCarriageReturn = searched == 0 ? _afterCarriageReturn : bytes[searched - 1] == (byte)'\r';
        var at = isAfterCarriageReturn && searched < bytes.Length && bytes[searched] == (byte)'\n' ? searched + 1 : searched;
        var hasFields = _inLongEvent || searched > 0;
        var comments = 0;
        while (at < bytes.Length)
        {
            var end = bytes[at..].IndexOfAny((byte)'\r', (byte)'\n');
            if (end < 0)
            {
                break;
            }

            var next = at + end + 1;
            if (bytes[next - 1] == (byte)'\r')
            {
                // Whether LF follows shows with the next byte; the line is over either way.
                next += next < bytes.Length && bytes[next] == (byte)'\n' ? 1 : 0;
            }

            if (end == 0)
            {
                return (next, hasFields);
            }

            if (bytes[at] == (byte)':' && !hasFields)
            {
                comments = next;
            }
            else
            {
                hasFields = true;
                searched = next;
            }

            at = next;
        }

        return hasFields ? (0, false) : (comments, false);
    }

    private StreamEvent Hand(int length, bool isEvent)
    {
        var (isLong, isFirst) = (_inLongEvent, _isFirst);
        _isFirst = false;
        _inLongEvent = _inLongEvent && !isEvent;
        var raw = Consume(length);
        if (isLong || !isEvent)
        {
            return new StreamEvent(raw, null, false, isLong);
        }

        var (data, hasId) = EventFields.Read(isFirst ? WithoutMark(raw.Span) : raw.Span);
        return new StreamEvent(raw, data, hasId, false);
    }

    private ReadOnlyMemory<byte> Consume(int length)
    {
        var raw = _buffer.AsMemory(_start, length);
        _start += length;
        _afterCarriageReturn = raw.Span[^1] == (byte)'\r';
        return raw;
    }

    private async ValueTask MakeRoomAsync(CancellationToken cancellationToken)
    {
        var held = _end - _start;
        if (held == 0 && _room is not null)
        {
            // The long event is gone, and with it its room.
            _buffer = new byte[Usual];
            _room.Dispose();
            _room = null;
        }

        if (held == 0)
        {
            (_start, _end) = (0, 0);
        }

        if (_end < _buffer.Length)
        {
            return;
        }

        var target = _buffer;
        if (held > _buffer.Length / 2)
        {
            var size = (int)Math.Min(2L * _buffer.Length, (long)limit + Usual);
            if (size > Free)
            {
                _room ??= await budget.TakeAsync(limit, cancellationToken).ConfigureAwait(false);
            }

            target = new byte[size];
        }

        Buffer.BlockCopy(_buffer, _start, target, 0, held);
        (_buffer, _start, _end) = (target, 0, held);
    }

    public void Dispose() => _room?.Dispose();

    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;
}

/// <summary>The fields of one event that the gateway looks at.</summary>
internal static class EventFields
{
    /// <summary>The <c>data</c> of an event, its lines joined by LF, and whether it has an <c>id</c>.</summary>
    public static (ReadOnlyMemory<byte>? Data, bool HasId) Read(ReadOnlySpan<byte> raw)
    {
        ArrayBufferWriter<byte>? data = null;
        var hasId = false;
        while (!raw.IsEmpty)
        {
            var end = raw.IndexOfAny((byte)'\r', (byte)'\n');
            var line = end < 0 ? raw : raw[..end];
            raw = end < 0 ? default : raw[(end + 1)..];
            var colon = line.IndexOf((byte)':');
            var name = colon < 0 ? line : line[..colon];
            var value = colon < 0 ? default : line[(colon + 1)..];
            value = !value.IsEmpty && value[0] == (byte)' ' ? value[1..] : value;
            if (name.SequenceEqual("data"u8))
            {
                if (data is null)
                {
                    data = new ArrayBufferWriter<byte>(Math.Max(value.Length, 1));
                }
                else
                {
                    data.Write("\n"u8);
                }

                data.Write(value);
            }
            else if (name.SequenceEqual("id"u8))
            {
                hasId = true;
            }
        }

        return (data?.WrittenMemory, hasId);
    }

    /// <summary>A message as an event of its own.</summary>
    public static byte[] Write(ReadOnlySpan<byte> message)
    {
        var buffer = new ArrayBufferWriter<byte>(message.Length + 64);
        buffer.Write("event: message\n"u8);
        message = message.TrimEnd("\r\n"u8);
        while (true)
        {
            var end = message.IndexOfAny((byte)'\r', (byte)'\n');
            buffer.Write("data: "u8);
            buffer.Write(end < 0 ? message : message[..end]);
            buffer.Write("\n"u8);
            if (end < 0)
            {
                break;
            }

            // CR and LF are white space in JSON: one line end for each of them means the same.
            message = message[(end + 1)..];
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }
}
