using System.Numerics;
using System.Text;
using System.Text.Json;

namespace Cairn.Gateway.Messages;

/// <summary>
/// A JSON-RPC id. Strings are equal when their unescaped texts are, numbers when their exact decimal values are: no
/// number passes through a double, so 9007199254740993 and 9007199254740992 stay two ids.
/// </summary>
internal readonly struct MessageId : IEquatable<MessageId>
{
    /// <summary>Longer numbers are compared as written: normalising them would cost more than linear time.</summary>
    private const int LongestNormalised = 256;

    private readonly string _key;

    private MessageId(string key, byte[] raw) => (_key, Raw) = (key, raw);

    /// <summary>The JSON token as it was read, to be echoed in a reply.</summary>
    public ReadOnlyMemory<byte> Raw { get; }

    /// <summary>The text for evidence: a string's value, or a number as written. At most 128 characters.</summary>
    public string Text
    {
        get
        {
            var text = _key[0] == 's' ? _key[1..] : Encoding.UTF8.GetString(Raw.Span);
            return text.Length <= 128 ? text : text[..127] + "…";
        }
    }

    /// <summary>Reads a string or number token; false for any other kind, and for a string that is not Unicode.</summary>
    public static bool TryRead(ref Utf8JsonReader reader, out MessageId id)
    {
        id = default;
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                if (JsonText.TryGet(ref reader, out var text))
                {
                    var raw = new byte[reader.ValueSpan.Length + 2];
                    raw[0] = raw[^1] = (byte)'"';
                    reader.ValueSpan.CopyTo(raw.AsSpan(1));
                    id = new MessageId("s" + text, raw);
                    return true;
                }

                return false;
            case JsonTokenType.Number:
                var number = reader.ValueSpan.ToArray();
                id = new MessageId("n" + (number.Length > LongestNormalised ? Encoding.ASCII.GetString(number) : Canonical(number)), number);
                return true;
            default:
                return false;
        }
    }

    public bool Equals(MessageId other) => string.Equals(_key, other._key, StringComparison.Ordinal);

    public override bool Equals(object? obj) => obj is MessageId other && Equals(other);

    public override int GetHashCode() => _key?.GetHashCode(StringComparison.Ordinal) ?? 0;

    public override string ToString() => Encoding.UTF8.GetString(Raw.Span);

    /// <summary>Significant digits and a power of ten: 10, 10.0 and 1e1 give one text; the exponent may be of any size.</summary>
    private static string Canonical(ReadOnlySpan<byte> number)
    {
        var text = Encoding.ASCII.GetString(number);
        var negative = text[0] == '-';
        var e = text.AsSpan().IndexOfAny('e', 'E');
        var exponent = e < 0 ? BigInteger.Zero : BigInteger.Parse(text.AsSpan(e + 1), System.Globalization.NumberStyles.AllowLeadingSign);
        var mantissa = text[(negative ? 1 : 0)..(e < 0 ? text.Length : e)];
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        if (point >= 0)
        {
            exponent -= mantissa.Length - point - 1;
            mantissa = mantissa.Remove(point, 1);
        }

        var digits = mantissa.TrimStart('0');
        var significant = digits.TrimEnd('0');
        exponent += digits.Length - significant.Length;
        return significant.Length == 0 ? "0" : $"{(negative ? "-" : "")}{significant}e{exponent}";
    }
}
