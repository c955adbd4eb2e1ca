using System.Buffers;
using System.Text;

namespace Cairn.Evidence.Records;

/// <summary>Strings and numbers.</summary>
internal ref partial struct JsonScan
{
    private const int MaxFractionDigits = 17;

    /// <summary>Passes a string from its opening to its closing quote; true when it holds escapes.</summary>
    private bool String()
    {
        var escaped = false;
        _at++;
        while (true)
        {
            var next = _quotes.Next(_at);
            if (next < 0)
            {
                _at = _utf8.Length;
                Fail("expected the closing quote of a string");
            }

            _at = next + 1;
            if (_utf8[next] == '"')
            {
                return escaped;
            }

            escaped = true;
            Escape();
        }
    }

    /// <summary>Passes one escape; <see cref="_at"/> is behind its backslash.</summary>
    private void Escape()
    {
        var start = _at - 1;
        switch (Peek())
        {
            case '"' or '\\' or '/' or 'b' or 'f' or 'n' or 'r' or 't':
                _at++;
                return;
            case 'u':
                break;
            default:
                Fail(_utf8, start, "expected one of the escapes that RFC 8259 §7 names");
                return;
        }

        var unit = HexUnit(start);
        if (char.IsLowSurrogate(unit))
        {
            Fail(_utf8, start, "expected no unpaired surrogate");
        }

        var rune = (int)unit;
        if (char.IsHighSurrogate(unit))
        {
            if (_at + 1 >= _utf8.Length || _utf8[_at] != '\\' || _utf8[_at + 1] != 'u')
            {
                Fail(_utf8, start, "expected no unpaired surrogate");
            }

            _at++;
            var low = HexUnit(start);
            if (!char.IsLowSurrogate(low))
            {
                Fail(_utf8, start, "expected no unpaired surrogate");
            }

            rune = char.ConvertToUtf32(unit, low);
        }

        if (rune == 0)
        {
            Fail(_utf8, start, "expected no NUL in a string");
        }

        if (IsNoncharacter(rune))
        {
            Fail(_utf8, start, "expected no Unicode noncharacter (RFC 7493 §2.1)");
        }
    }

    /// <summary>Reads "uXXXX", leaving <see cref="_at"/> behind it.</summary>
    private char HexUnit(int start)
    {
        var unit = 0;
        for (var i = 1; i <= 4; i++)
        {
            var digit = _at + i < _utf8.Length ? HexValue(_utf8[_at + i]) : -1;
            if (digit < 0)
            {
                Fail(_utf8, start, "expected four hexadecimal digits after \\u");
            }

            unit = (unit << 4) | digit;
        }

        _at += 5;
        return (char)unit;
    }

    private void Number()
    {
        var start = _at;
        var negative = Peek() == '-';
        if (negative)
        {
            _at++;
        }

        var first = _at;
        long integer = 0;
        var digits = 0;
        while (Peek() is >= '0' and <= '9' and var digit)
        {
            integer = digits < 18 ? (integer * 10) + (digit - '0') : long.MaxValue;
            digits++;
            _at++;
        }

        if (digits == 0 || (digits > 1 && _utf8[first] == '0'))
        {
            Fail(_utf8, start, "expected a number without leading zeros");
        }

        if (integer > IJson.MaxSafeInteger)
        {
            Fail(_utf8, start, "expected a number within ±(2^53-1), which every reader holds exactly");
        }

        var zero = integer == 0;
        if (Peek() == '.')
        {
            zero &= Fraction(start, integer == 0 ? 0 : digits);
        }

        if (Peek() is 'e' or 'E')
        {
            Fail(_utf8, start, "expected a number without exponent");
        }

        if (negative && zero)
        {
            Fail(_utf8, start, "expected zero without a sign");
        }
    }

    /// <summary>Passes a fraction; true when all its digits are zero.</summary>
    private bool Fraction(int start, int significant)
    {
        _at++;
        var first = _at;
        var zero = true;
        while (Peek() is >= '0' and <= '9' and var digit)
        {
            zero &= digit == '0';
            significant += significant > 0 || digit != '0' ? 1 : 0;
            _at++;
        }

        if (_at == first)
        {
            Fail(_utf8, start, "expected digits after the decimal point");
        }

        if (significant > MaxFractionDigits || _at - first > MaxFractionPlaces)
        {
            Fail(_utf8, start, "expected a fraction of at most 17 significant digits and 300 places, which a double holds");
        }

        return zero;
    }

    /// <summary>More places could name a number below the smallest normal double.</summary>
    private const int MaxFractionPlaces = 300;

    /// <summary>The text of a string whose escapes have been validated, as UTF-8.</summary>
    internal static byte[] Unescape(ReadOnlySpan<byte> escaped)
    {
        var text = new ArrayBufferWriter<byte>(escaped.Length);
        while (true)
        {
            var backslash = escaped.IndexOf((byte)'\\');
            if (backslash < 0)
            {
                text.Write(escaped);
                return text.WrittenSpan.ToArray();
            }

            text.Write(escaped[..backslash]);
            escaped = escaped[(backslash + 1)..];
            var rune = new Rune(escaped[0] switch
            {
                (byte)'b' => '\b',
                (byte)'f' => '\f',
                (byte)'n' => '\n',
                (byte)'r' => '\r',
                (byte)'t' => '\t',
                (byte)'u' => '\0',
                var itself => (char)itself,
            });
            var length = 1;
            if (escaped[0] == 'u')
            {
                var unit = Unit(escaped[1..5]);
                length = char.IsHighSurrogate(unit) ? 11 : 5;
                rune = length == 11 ? new Rune(unit, Unit(escaped[7..11])) : new Rune(unit);
            }

            text.Advance(rune.EncodeToUtf8(text.GetSpan(4)));
            escaped = escaped[length..];
        }
    }

    private static char Unit(ReadOnlySpan<byte> digits)
    {
        var unit = 0;
        foreach (var digit in digits)
        {
            unit = (unit << 4) | HexValue(digit);
        }

        return (char)unit;
    }

    private static int HexValue(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };

    internal static bool IsNoncharacter(int rune) => rune is >= 0xFDD0 and <= 0xFDEF || (rune & 0xFFFE) == 0xFFFE;

    private static int FirstNoncharacter(ReadOnlySpan<byte> validUtf8)
    {
        // Noncharacters have the lead byte EF in the basic plane and F0 to F4 beyond it.
        var offset = 0;
        while (true)
        {
            var lead = validUtf8[offset..].IndexOfAnyInRange((byte)0xEF, (byte)0xF4);
            if (lead < 0)
            {
                return -1;
            }

            offset += lead;
            _ = Rune.DecodeFromUtf8(validUtf8[offset..], out var rune, out var length);
            if (IsNoncharacter(rune.Value))
            {
                return offset;
            }

            offset += length;
        }
    }

    private static int FirstInvalidUtf8(ReadOnlySpan<byte> utf8)
    {
        var offset = 0;
        while (Rune.DecodeFromUtf8(utf8[offset..], out _, out var length) == OperationStatus.Done)
        {
            offset += length;
        }

        return offset;
    }
}
