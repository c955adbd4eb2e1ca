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
public readonly record struct SpanId
{
    private readonly string? _text;

    private SpanId(string text) => _text = text;

    /// <summary>Whether this is the type's default, which names nothing.</summary>
    internal bool IsNone => _text is null;

    /// <summary>A random span id.</summary>
    public static SpanId New() => new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));

    /// <summary>Parses 16 lower-case hexadecimal digits, not all zero.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out SpanId id)
    {
        Span<byte> bytes = stackalloc byte[8];
        var good = text is not null && Hex.TryDecode(text, bytes) && bytes.ContainsAnyExcept((byte)0);
        id = good ? new SpanId(text!) : default;
        return good;
    }

    /// <summary>Parses 16 lower-case hexadecimal digits, not all zero.</summary>
    /// <exception cref="EvidenceFormatException">The text is anything else.</exception>
    public static SpanId Parse(string text) => TryParse(text, out var id)
        ? id
        : throw new EvidenceFormatException($"expected a span id of 16 lower-case hexadecimal digits, not all zero, found \"{Hex.Excerpt(text)}\"");

    /// <summary>16 lower-case hexadecimal digits.</summary>
    public override string ToString() => _text ?? new string('0', 16);
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
