using System.Globalization;

namespace Cairn.Cli.Terminal;

/// <summary>Instants as people type them.</summary>
internal static class TimeText
{
    private static readonly string[] Forms = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF"];

    /// <summary>A time as 2026-11-25T09:00:00Z (UTC unless it says otherwise), or how long ago: 30m, 24h, 7d.</summary>
    /// <exception cref="CliException">The text is neither.</exception>
    public static DateTimeOffset Parse(string text, DateTimeOffset now)
    {
        if (text.Length > 1 && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count) && count <= 100_000)
        {
            switch (text[^1])
            {
                case 's': return now - TimeSpan.FromSeconds(count);
                case 'm': return now - TimeSpan.FromMinutes(count);
                case 'h': return now - TimeSpan.FromHours(count);
                case 'd': return now - TimeSpan.FromDays(count);
                default: break;
            }
        }

        return DateTimeOffset.TryParseExact(text.TrimEnd('Z'), Forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            || DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time)
            ? time
            : throw new CliException($"\"{text}\" is not a time: expected one such as 2026-11-25T09:00:00Z, or how long ago, such as 24h or 7d");
    }
}
