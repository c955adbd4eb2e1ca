using System.Globalization;

namespace Cairn.Evidence.Tiles;

/// <summary>The index part of a tile's path: groups of three digits, all but the last with an "x" before them, and <c>.p/W</c> for a partial tile.</summary>
internal static class TilePath
{
    public static string Format(long index, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, TileCoordinate.FullWidth);
        var path = (index % 1000).ToString("d3", CultureInfo.InvariantCulture);
        for (var rest = index / 1000; rest > 0; rest /= 1000)
        {
            path = $"x{rest % 1000:d3}/{path}";
        }

        return width == TileCoordinate.FullWidth ? path : $"{path}.p/{width}";
    }

    public static bool TryParse(string text, out long index, out int width)
    {
        (index, width) = (0, TileCoordinate.FullWidth);
        var number = text;
        if (text.IndexOf(".p/", StringComparison.Ordinal) is var at and >= 0)
        {
            if (!TryNumber(text[(at + 3)..], 3, out var partial) || partial is < 1 or > 255)
            {
                return false;
            }

            (number, width) = (text[..at], (int)partial);
        }

        var groups = number.Split('/');
        for (var i = 0; i < groups.Length; i++)
        {
            var last = i == groups.Length - 1;
            var digits = last ? groups[i] : groups[i].StartsWith('x') ? groups[i][1..] : "";
            if (digits.Length != 3 || !digits.All(char.IsAsciiDigit)
                || int.Parse(digits, CultureInfo.InvariantCulture) is var group && index > (long.MaxValue - group) / 1000)
            {
                return false;
            }

            index = (index * 1000) + group;
        }

        // One path for each index: no leading groups of zeros.
        return Format(index, width) == text;
    }

    /// <summary>Decimal digits without a leading zero.</summary>
    public static bool TryNumber(string text, int maximumDigits, out long number)
    {
        number = 0;
        return text.Length >= 1 && text.Length <= maximumDigits && text.All(char.IsAsciiDigit) && (text.Length == 1 || text[0] != '0')
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
