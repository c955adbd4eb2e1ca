namespace Cairn.Bench.Measuring;

/// <summary>Percentiles of a set of measurements, by nearest rank; the unit is the caller's.</summary>
internal sealed class Distribution
{
    private readonly double[] _sorted;

    /// <param name="values">At least one measurement; copied.</param>
    public Distribution(ReadOnlySpan<double> values)
    {
        if (values.IsEmpty)
        {
            throw new ArgumentException("no measurement was made", nameof(values));
        }

        _sorted = values.ToArray();
        Array.Sort(_sorted);
    }

    public double Median => At(0.50);

    public double P99 => At(0.99);

    public int Count => _sorted.Length;

    /// <summary>The smallest value that at least <paramref name="share"/> (0 to 1) of all values do not exceed.</summary>
    public double At(double share) => _sorted[Math.Clamp((int)Math.Ceiling(share * _sorted.Length) - 1, 0, _sorted.Length - 1)];
}
