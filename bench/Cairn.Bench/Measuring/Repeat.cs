using System.Diagnostics;

namespace Cairn.Bench.Measuring;

/// <summary>Runs a piece of work until it is warm, then again and again under the clock.</summary>
internal static class Repeat
{
    /// <summary>
    /// Seconds that one call of <paramref name="work"/> takes: the median over <paramref name="runs"/> runs of
    /// <paramref name="calls"/> calls each, after one run that is not counted.
    /// </summary>
    public static double SecondsPerCall(int runs, int calls, Action work)
    {
        var seconds = new double[runs];
        for (var run = -1; run < runs; run++)
        {
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < calls; i++)
            {
                work();
            }

            if (run >= 0)
            {
                seconds[run] = Stopwatch.GetElapsedTime(started).TotalSeconds / calls;
            }
        }

        return new Distribution(seconds).Median;
    }

    /// <summary>What each of <paramref name="calls"/> calls takes, in seconds, after <paramref name="warmUp"/> that are not counted.</summary>
    public static Distribution Each(int warmUp, int calls, Action work)
    {
        for (var i = 0; i < warmUp; i++)
        {
            work();
        }

        var seconds = new double[calls];
        for (var i = 0; i < calls; i++)
        {
            var started = Stopwatch.GetTimestamp();
            work();
            seconds[i] = Stopwatch.GetElapsedTime(started).TotalSeconds;
        }

        return new Distribution(seconds);
    }
}
