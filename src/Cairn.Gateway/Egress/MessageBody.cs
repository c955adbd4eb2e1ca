using System.Buffers;
using System.Globalization;
using System.Text;

namespace Cairn.Gateway.Egress;

/// <summary>How a body's end is known.</summary>
internal enum BodyKind
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>By its length.</summary>
    Length,

    /// <summary>By its last chunk.</summary>
    Chunked,

    /// <summary>By the connection's end: responses alone.</summary>
    UntilClose,
}

/// <summary>Where a body ends (RFC 9112 §6.3). A message that leaves a choice is refused: it is how requests are smuggled.</summary>
/// <param name="Kind">How.</param>
/// <param name="Length">Its length in bytes, where that is how.</param>
internal readonly record struct BodyFraming(BodyKind Kind, long Length = 0)
{
    /// <summary>Of a request.</summary>
    /// <exception cref="HttpFault">It has two framings, or one that is not known here.</exception>
    public static BodyFraming OfRequest(MessageHead head) => Declared(head, 400) ?? new BodyFraming(BodyKind.None);

    /// <summary>Of a response.</summary>
    /// <param name="head">The response.</param>
    /// <param name="method">The request's method.</param>
    /// <exception cref="HttpFault">It has two framings, or one that is not known here.</exception>
    public static BodyFraming OfResponse(MessageHead head, string method)
    {
        var declared = Declared(head, 502);
        return method == "HEAD" || head.StartLine.Second[0] == '1' || head.StartLine.Second is "204" or "304"
            ? new BodyFraming(BodyKind.None)
            : declared ?? new BodyFraming(BodyKind.UntilClose);
    }

    private static BodyFraming? Declared(MessageHead head, int status)
    {
        var (encodings, lengths) = (head["Transfer-Encoding"].ToList(), head["Content-Length"].ToList());
        if (encodings.Count > 0)
        {
            if (lengths.Count > 0)
            {
                throw new HttpFault(status, "expected either Transfer-Encoding or Content-Length, found both");
            }

            return encodings.Count == 1 && encodings[0].Equals("chunked", StringComparison.OrdinalIgnoreCase) && head.StartLine is not { First: "HTTP/1.0" } and not { Third: "HTTP/1.0" }
                ? new BodyFraming(BodyKind.Chunked)
                : throw new HttpFault(status == 400 ? 501 : status, "expected no transfer coding but chunked, in HTTP/1.1");
        }

        if (lengths.Count == 0)
        {
            return null;
        }

        return lengths.Count == 1 && lengths[0].Length is > 0 and <= 18 && lengths[0].All(char.IsAsciiDigit)
            ? new BodyFraming(BodyKind.Length, long.Parse(lengths[0], CultureInfo.InvariantCulture))
            : throw new HttpFault(status, "expected one Content-Length of digits alone");
    }
}

/// <summary>Reads a body piece by piece, without its framing.</summary>
internal sealed class BodyReader(MessageReader reader, BodyFraming framing, int status)
{
    private const int LongestChunkLine = 1024;
    private const int LongestTrailer = 8 * 1024;
    private const int MostTrailers = 64;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    private long _left = framing.Length;
    private bool _inChunk;

    /// <summary>Whether the body was read to its end.</summary>
    public bool IsDone { get; private set; } = framing.Kind == BodyKind.None || framing is { Kind: BodyKind.Length, Length: 0 };

    /// <summary>Reads some bytes; 0 at the body's end.</summary>
    /// <exception cref="HttpFault">It is framed wrongly or cut.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken ct)
    {
        if (IsDone)
        {
            return 0;
        }

        if (framing.Kind == BodyKind.Chunked && !_inChunk && !await NextChunkAsync(ct).ConfigureAwait(false))
        {
            IsDone = true;
            return 0;
        }

        var most = framing.Kind == BodyKind.UntilClose ? destination.Length : (int)Math.Min(destination.Length, _left);
        var read = await reader.ReadAsync(destination[..most], ct).ConfigureAwait(false);
        if (framing.Kind == BodyKind.UntilClose)
        {
            IsDone = read == 0;
            return read;
        }

        if (read == 0)
        {
            throw new HttpFault(status, "the connection ended within a body");
        }

        _left -= read;
        if (_left == 0)
        {
            if (framing.Kind == BodyKind.Length)
            {
                IsDone = true;
            }
            else
            {
                _inChunk = false;
                if ((await reader.ReadLineAsync(0, status, ct).ConfigureAwait(false)).Length != 0)
                {
                    throw new HttpFault(status, "expected a line's end after a chunk");
                }
            }
        }

        return read;
    }

    /// <summary>Reads a chunk's size; at the last one also the trailer, which is not passed on (RFC 9110 §6.5.1).</summary>
    private async ValueTask<bool> NextChunkAsync(CancellationToken ct)
    {
        var line = await reader.ReadLineAsync(LongestChunkLine, status, ct).ConfigureAwait(false);
        var digits = line.AsSpan().IndexOfAnyExcept(HexDigits) is var end and >= 0 ? line[..end] : line;
        if (digits.Length is 0 or > 12 || (digits.Length < line.Length && line[digits.Length..].TrimStart(' ', '\t') is not [';', ..]) || !HttpSyntax.IsFieldValue(line))
        {
            throw new HttpFault(status, "expected a chunk's size in at most 12 hexadecimal digits");
        }

        _left = long.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        _inChunk = _left > 0;
        if (_inChunk)
        {
            return true;
        }

        for (var (lines, bytes) = (0, 0); ; lines++)
        {
            var trailer = await reader.ReadLineAsync(LongestTrailer, status, ct).ConfigureAwait(false);
            bytes += trailer.Length;
            if (trailer.Length == 0)
            {
                return false;
            }

            if (lines == MostTrailers || bytes > LongestTrailer)
            {
                throw new HttpFault(status, "expected a shorter trailer");
            }
        }
    }
}

/// <summary>Writes a body with a framing of this proxy's own.</summary>
internal sealed class BodyWriter(Stream stream, BodyKind kind)
{
    private static readonly byte[] LineEnd = "\r\n"u8.ToArray();
    private static readonly byte[] LastChunk = "0\r\n\r\n"u8.ToArray();

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        if (kind == BodyKind.Chunked)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{bytes.Length:x}\r\n"), ct).ConfigureAwait(false);
            await stream.WriteAsync(bytes, ct).ConfigureAwait(false);
            await stream.WriteAsync(LineEnd, ct).ConfigureAwait(false);
        }
        else
        {
            await stream.WriteAsync(bytes, ct).ConfigureAwait(false);
        }
    }

    public ValueTask EndAsync(CancellationToken ct) => kind == BodyKind.Chunked ? stream.WriteAsync(LastChunk, ct) : ValueTask.CompletedTask;
}
