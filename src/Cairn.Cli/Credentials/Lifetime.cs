using System.Globalization;
using Cairn.Cli.Terminal;

namespace Cairn.Cli.Credentials;

/// <summary>Lifetimes as people write them: a whole number and s, m, h or d.</summary>
internal static class Lifetime
{
    /// <exception cref="CliException">It is none, or is longer than a year.</exception>
    public static TimeSpan Parse(string text)
    {
        var seconds = text.Length > 1 ? text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86_400, _ => 0 } : 0;
        return seconds > 0 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0 && (long)count * seconds <= 366L * 86_400
            ? TimeSpan.FromSeconds((long)count * seconds)
            : throw new CliException($"\"{text}\" is not a time; expected a whole number and s, m, h or d, of at most a year", "--ttl 1h");
    }
}
