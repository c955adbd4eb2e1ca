using System.Diagnostics;
using System.Globalization;

namespace Cairn.Cli.Drills;

/// <summary>How far a drill is, and about how long it will take: one line that is written again on a terminal, ten lines elsewhere.</summary>
internal sealed class DrillProgress(TextWriter error, bool isRedirected)
{
    private const int Lines = 10;

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Lock _lock = new();
    private long _written;

    /// <summary>Called from any thread, again and again.</summary>
    public void Report(long done, long all)
    {
        lock (_lock)
        {
            if (isRedirected && done * Lines / all <= _written)
            {
                return;
            }

            _written = isRedirected ? done * Lines / all : 1;
            var left = TimeSpan.FromSeconds(_clock.Elapsed.TotalSeconds / done * (all - done));
            var text = string.Create(CultureInfo.InvariantCulture, $"{done} of {all} bits, about {Text(left)} more");
            error.Write(isRedirected ? $"{text}\n" : $"\r{text,-60}");
        }
    }

    /// <summary>Clears the line on a terminal.</summary>
    public void End()
    {
        if (!isRedirected && _written > 0)
        {
            error.Write($"\r{"",-60}\r");
        }
    }

    private static string Text(TimeSpan left) => left.TotalMinutes >= 2 ? $"{left.TotalMinutes:F0} min" : $"{left.TotalSeconds:F0} s";
}
