namespace Cairn.Trails.Reports;

/// <summary>Where an instant stands in the timeline.</summary>
internal sealed class TimeScale(DateTimeOffset start, DateTimeOffset end)
{
    /// <summary>Where the lanes begin: names stand before.</summary>
    public const double Left = 175;

    private const double Right = Svg.Width - 14;
    private const int MostTicks = 8;

    // What people count in, in seconds.
    private static readonly double[] Steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2419200];

    private readonly TimeSpan _whole = end > start ? end - start : TimeSpan.FromMilliseconds(1);

    /// <summary>The units to the left of an instant; an instant outside stands at the edge.</summary>
    public double At(DateTimeOffset time) => Left + ((Right - Left) * Math.Clamp((time - start) / _whole, 0, 1));

    /// <summary>The slice of time, of so many, that an instant is in.</summary>
    public int Slice(DateTimeOffset time, int slices) => Math.Clamp((int)((time - start) / _whole * slices), 0, slices - 1);

    /// <summary>The units across from the first instant to the last.</summary>
    public static double Across => Right - Left;

    /// <summary>Draws the axis with its lines from one height to another.</summary>
    public void Draw(HtmlPage svg, double top, double bottom)
    {
        var step = StepOf(_whole.TotalSeconds / MostTicks);
        for (var tick = 0; tick * step <= _whole.TotalSeconds; tick++)
        {
            var x = Left + ((Right - Left) * (tick * step / _whole.TotalSeconds));
            var words = tick == 0 ? "start" : $"+{HtmlText.Duration(TimeSpan.FromSeconds(tick * step))}";
            var anchor = tick == 0 ? "start" : x > Right - 20 ? "end" : "middle";
            svg.Write($"<path class=\"grid\" d=\"M{x} {top - 6}V{bottom}\"/><text class=\"tick\" x=\"{x}\" y=\"{top - 11}\" text-anchor=\"{anchor}\">{words}</text>\n");
        }
    }

    private static double StepOf(double least)
    {
        // Below a second in powers of ten: 1, 2, 5.
        var step = 0.0001;
        for (var i = 0; step < 1 && step < least; i++)
        {
            step *= i % 3 == 1 ? 2.5 : 2;
        }

        return step < 1 ? step : Array.Find(Steps, one => one >= least) is > 0 and var found ? found : Math.Ceiling(least / Steps[^1]) * Steps[^1];
    }
}
