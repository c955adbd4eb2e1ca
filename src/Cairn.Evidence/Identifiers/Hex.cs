using System.Buffers;

namespace Cairn.Evidence;

/// <summary>Strict lower-case hexadecimal: one text for each value, so that identifiers compare as text.</summary>
internal static class Hex
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");
    private static readonly SearchValues<byte> DigitBytes = SearchValues.Create("0123456789abcdef"u8);

    /// <summary>The value of each byte that is a digit, <see cref="NoDigit"/> for the others.</summary>
    private static readonly byte[] Values = [.. Enumerable.Range(0, 256).Select(value => "0123456789abcdef".IndexOf((char)value) is >= 0 and var digit ? (byte)digit : NoDigit)];

    private const byte NoDigit = 0xff;

    /// <summary>Up to this many bytes a loop over the digits is faster than two calls that look at many at once.</summary>
    private const int Short = 16;

    /// <summary>Decodes when <paramref name="text"/> has exactly two lower-case digits for each byte of <paramref name="bytes"/>.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> bytes) =>
        text.Length == bytes.Length * 2 && !text.ContainsAnyExcept(Digits)
        && Convert.FromHexString(text, bytes, out _, out _) == OperationStatus.Done;

    /// <summary>The same for UTF-8 text.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> utf8, Span<byte> bytes) =>
        utf8.Length == bytes.Length * 2 && (bytes.Length <= Short
            ? DecodeShort(utf8, bytes)
            : !utf8.ContainsAnyExcept(DigitBytes) && Convert.FromHexString(utf8, bytes, out _, out _) == OperationStatus.Done);

    /// <summary>At most 80 printable characters of a value, for error messages.</summary>
    public static string Excerpt(string? text)
    {
        if (text is null)
        {
            return "(nothing)";
        }

        var cut = text.Length > 80 ? text[..80] + "…" : text;
        return string.Concat(cut.Select(c => char.IsControl(c) ? '�' : c));
    }

    private static bool DecodeShort(ReadOnlySpan<byte> utf8, Span<byte> bytes)
    {
        var all = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            var (high, low) = (Values[utf8[2 * i]], Values[utf8[(2 * i) + 1]]);
            all |= high | low;
            bytes[i] = (byte)((high << 4) | low);
        }

        return all < NoDigit;
    }
}
