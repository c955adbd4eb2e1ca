using System.Diagnostics;

namespace Cairn.Bench.Measuring;

/// <summary>Time by the clock and of all processors since the last lap, in seconds.</summary>
internal sealed class Clock
{
    private long _at = Stopwatch.GetTimestamp();
    private TimeSpan _cpu = Environment.CpuUsage.TotalTime;

    public (double Seconds, double Cpu) Lap()
    {
        var (at, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var lap = (Stopwatch.GetElapsedTime(_at, at).TotalSeconds, (cpu - _cpu).TotalSeconds);
        (_at, _cpu) = (at, cpu);
        return lap;
    }
}
