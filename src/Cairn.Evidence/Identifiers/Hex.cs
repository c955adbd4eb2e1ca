namespace Cairn.Evidence;

/// <summary>Strict lower-case hexadecimal: one text for each value, so that identifiers compare as text.</summary>
internal static class Hex
{
    /// <summary>Decodes when <paramref name="text"/> has exactly two lower-case digits for each byte of <paramref name="bytes"/>.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        if (text.Length != bytes.Length * 2)
        {
            return false;
        }

        for (var i = 0; i < bytes.Length; i++)
        {
            var (high, low) = (Nibble(text[2 * i]), Nibble(text[(2 * i) + 1]));
            if ((high | low) < 0)
            {
                return false;
            }

            bytes[i] = (byte)((high << 4) | low);
        }

        return true;
    }

    /// <summary>The same for UTF-8 text.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> utf8, Span<byte> bytes)
    {
        if (utf8.Length != bytes.Length * 2)
        {
            return false;
        }

        for (var i = 0; i < bytes.Length; i++)
        {
            var (high, low) = (Nibble((char)utf8[2 * i]), Nibble((char)utf8[(2 * i) + 1]));
            if ((high | low) < 0)
            {
                return false;
            }

            bytes[i] = (byte)((high << 4) | low);
        }

        return true;
    }

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

    private static int Nibble(char c) => c switch
    {
        >= '0' and <= '9' => c - '0',
        >= 'a' and <= 'f' => c - 'a' + 10,
        _ => -1,
    };
}
