using System.Globalization;
using Cairn.Cli.Terminal;

namespace Cairn.Cli.Identity;

/// <summary>Spans of time as people type them: a whole number and s, m, h or d.</summary>
internal static class Lifetime
{
    public static TimeSpan Parse(string text)
    {
        var unit = text.Length > 1 ? text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86400, _ => 0 } : 0;
        return unit > 0 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is > 0 and < 100_000
            ? TimeSpan.FromSeconds((long)count * unit)
            : throw new CliException($"\"{text}\" is no span of time; expected a whole number and s, m, h or d, such as 15m");
    }

    public static string Text(TimeSpan span) => span switch
    {
        { TotalDays: >= 2 } when span.TotalDays % 1 == 0 => $"{span.TotalDays:0}d",
        { TotalHours: >= 1 } when span.TotalHours % 1 == 0 => $"{span.TotalHours:0}h",
        { TotalMinutes: >= 1 } when span.TotalMinutes % 1 == 0 => $"{span.TotalMinutes:0}m",
        _ => $"{Math.Ceiling(span.TotalSeconds):0}s",
    };
}
