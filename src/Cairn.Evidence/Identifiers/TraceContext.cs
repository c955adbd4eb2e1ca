using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Cairn.Evidence;

/// <summary>A W3C trace id: 16 bytes as 32 lower-case hexadecimal digits, not all zero (W3C Trace Context §3.2.2.3). It names a trail.</summary>
public readonly record struct TraceId
{
    private readonly string? _text;

    private TraceId(string text) => _text = text;

    /// <summary>Whether this is the type's default, which names nothing.</summary>
    internal bool IsNone => _text is null;

    /// <summary>A random trace id.</summary>
    public static TraceId New() => new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));

    /// <summary>Parses 32 lower-case hexadecimal digits, not all zero.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TraceId id)
    {
        Span<byte> bytes = stackalloc byte[16];
        var good = text is not null && Hex.TryDecode(text, bytes) && bytes.ContainsAnyExcept((byte)0);
        id = good ? new TraceId(text!) : default;
        return good;
    }

    /// <summary>Parses 32 lower-case hexadecimal digits, not all zero.</summary>
    /// <exception cref="EvidenceFormatException">The text is anything else.</exception>
    public static TraceId Parse(string text) => TryParse(text, out var id)
        ? id
        : throw new EvidenceFormatException($"expected a trace id of 32 lower-case hexadecimal digits, not all zero, found \"{Hex.Excerpt(text)}\"");

    /// <summary>32 lower-case hexadecimal digits.</summary>
    public override string ToString() => _text ?? new string('0', 32);
}

/// <summary>A W3C span id: 8 bytes as 16 lower-case hexadecimal digits, not all zero (W3C Trace Context §3.2.2.4).</summary>
public readonly record struct SpanId : IComparable<SpanId>
{
    /// <summary>Length of the text form.</summary>
    public const int TextLength = 2 * Size;

    private const int Size = 8;

    // Zero, which no span has, is the type's default. Large trails hold millions of these: as text each would be an object.
    private readonly ulong _value;

    private SpanId(ulong value) => _value = value;

    /// <summary>Whether this is the type's default, which names nothing.</summary>
    internal bool IsNone => _value == 0;

    /// <summary>A random span id.</summary>
    public static SpanId New()
    {
        Span<byte> bytes = stackalloc byte[Size];
        while (true)
        {
            RandomNumberGenerator.Fill(bytes);
            if (BinaryPrimitives.ReadUInt64BigEndian(bytes) is not 0 and var value)
            {
                return new SpanId(value);
            }
        }
    }

    /// <summary>Parses 16 lower-case hexadecimal digits, not all zero.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out SpanId id)
    {
        Span<byte> bytes = stackalloc byte[Size];
        var value = text is not null && Hex.TryDecode(text, bytes) ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : 0;
        id = new SpanId(value);
        return value != 0;
    }

    /// <summary>Parses the UTF-8 bytes of 16 lower-case hexadecimal digits, not all zero, without allocating.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out SpanId id)
    {
        Span<byte> bytes = stackalloc byte[Size];
        var value = Hex.TryDecode(utf8, bytes) ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : 0;
        id = new SpanId(value);
        return value != 0;
    }

    /// <summary>Parses 16 lower-case hexadecimal digits, not all zero.</summary>
    /// <exception cref="EvidenceFormatException">The text is anything else.</exception>
    public static SpanId Parse(string text) => TryParse(text, out var id)
        ? id
        : throw new EvidenceFormatException($"expected a span id of 16 lower-case hexadecimal digits, not all zero, found \"{Hex.Excerpt(text)}\"");

    /// <summary>Writes the text form as UTF-8 to the start of <paramref name="destination"/>, which has room for <see cref="TextLength"/> bytes.</summary>
    /// <exception cref="ArgumentException">The destination has no room for it.</exception>
    public void Format(Span<byte> destination)
    {
        Span<byte> bytes = stackalloc byte[Size];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, _value);
        if (!Convert.TryToHexStringLower(bytes, destination, out _))
        {
            throw new ArgumentException($"a span id takes {TextLength} bytes, found room for {destination.Length}", nameof(destination));
        }
    }

    /// <summary>The order of the text forms.</summary>
    public int CompareTo(SpanId other) => _value.CompareTo(other._value);

    /// <summary>A hash that whoever makes ids can't aim at: it has a seed of this process.</summary>
    public override int GetHashCode() => HashCode.Combine(_value);

    /// <summary>16 lower-case hexadecimal digits.</summary>
    public override string ToString() => _value.ToString("x16", System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>The position of a call in a trace, as the <c>traceparent</c> header carries it (W3C Trace Context §3.2).</summary>
/// <param name="Trace">The trace.</param>
/// <param name="Span">The caller's span.</param>
/// <param name="Flags">The trace flags byte; 01 means sampled.</param>
public readonly record struct TraceParent(TraceId Trace, SpanId Span, byte Flags = 1)
{
    /// <summary>Parses version 00, and later versions' first four fields, as §4.3 of the recommendation asks.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TraceParent parent)
    {
        parent = default;
        Span<byte> one = stackalloc byte[1];
        if (text is null || text.Length < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-'
            || !Hex.TryDecode(text.AsSpan(0, 2), one) || one[0] == 0xff
            || (one[0] == 0 ? text.Length != 55 : text.Length > 55 && text[55] != '-')
            || !TraceId.TryParse(text[3..35], out var trace) || !SpanId.TryParse(text[36..52], out var span)
            || !Hex.TryDecode(text.AsSpan(53, 2), one))
        {
            return false;
        }

        parent = new TraceParent(trace, span, one[0]);
        return true;
    }

    /// <summary>The version 00 header value.</summary>
    public override string ToString() => $"00-{Trace}-{Span}-{Flags:x2}";
}
