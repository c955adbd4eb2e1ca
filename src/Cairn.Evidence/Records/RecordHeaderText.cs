using System.Buffers.Text;
using System.Text;

namespace Cairn.Evidence.Records;

/// <summary>
/// Writes a record's common members straight as bytes. Their values are typed and their order is fixed, so a general JSON
/// writer, and a check of what it wrote, would cost more than all the rest of a record; both are left to what callers bring.
/// </summary>
internal ref struct RecordHeaderText(Span<byte> destination)
{
    /// <summary>Room for everything but the kind, the actor and the body member's name.</summary>
    private const int FixedRoom = 320;

    private readonly Span<byte> _destination = destination;
    private int _length;

    /// <summary>The most bytes that a header can take.</summary>
    public static int Room(in RecordHeader header, ReadOnlySpan<byte> actor) => FixedRoom + (2 * header.Kind.Length) + actor.Length;

    /// <summary>
    /// Whether each typed value is one that a record may hold: the values that a type's default stands for, and a negative
    /// ordinal, are not.
    /// </summary>
    public static bool IsGood(in RecordHeader header) =>
        header.Id != default && header.Seq is >= 0 and <= IJson.MaxSafeInteger && !header.Trace.IsNone && !header.Span.IsNone
        && header.Parent is not { IsNone: true } && header.Task is not { IsNone: true };

    /// <summary>Writes from the opening brace to the colon before the kind's own object.</summary>
    /// <param name="header">The common members.</param>
    /// <param name="actor">The value of <c>actor</c>, as JSON.</param>
    /// <param name="member">The name of the kind's own member.</param>
    /// <returns>Bytes written.</returns>
    public int Write(in RecordHeader header, ReadOnlySpan<byte> actor, ReadOnlySpan<byte> member)
    {
        Bytes("{\"v\":1,\"id\":\""u8);
        header.Id.Format(_destination[_length..]);
        _length += RecordId.TextLength;
        Bytes("\",\"kind\":\""u8);
        Ascii(header.Kind);
        Bytes("\",\"time\":\""u8);
        _length += CommonMembers.FormatTime(header.Time, _destination[_length..]).Length;
        Bytes("\",\"trace\":\""u8);
        Ascii(header.Trace.ToString());
        Bytes("\",\"span\":\""u8);
        Span(header.Span);
        Bytes("\""u8);
        if (header.Parent is { } parent)
        {
            Bytes(",\"parent\":\""u8);
            Span(parent);
            Bytes("\""u8);
        }

        if (header.Task is { } task)
        {
            Bytes(",\"task\":\""u8);
            Span(task);
            Bytes("\""u8);
        }

        Bytes(",\"seq\":"u8);
        _ = Utf8Formatter.TryFormat(header.Seq, _destination[_length..], out var digits);
        _length += digits;
        Bytes(",\"actor\":"u8);
        Bytes(actor);
        Bytes(",\""u8);
        Bytes(member);
        Bytes("\":"u8);
        return _length;
    }

    private void Bytes(ReadOnlySpan<byte> text)
    {
        text.CopyTo(_destination[_length..]);
        _length += text.Length;
    }

    private void Span(SpanId id)
    {
        id.Format(_destination[_length..]);
        _length += SpanId.TextLength;
    }

    private void Ascii(string text) => _length += Encoding.ASCII.GetBytes(text, _destination[_length..]);
}
