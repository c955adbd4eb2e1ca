namespace Cairn.Bench.Measuring;

/// <summary>Which way a figure gets better.</summary>
internal enum Better
{
    Lower,
    Higher,
}

/// <summary>How a figure is written.</summary>
internal enum Unit
{
    /// <summary>A duration, held in seconds.</summary>
    Time,

    /// <summary>Things in a second.</summary>
    PerSecond,

    /// <summary>A number of bytes.</summary>
    Bytes,
}

/// <summary>A figure to stand beside a measurement, and what it is.</summary>
internal sealed record Beside(double Value, string What);

/// <summary>One line of the table: what was measured and what it is held against, all of one run and in one unit.</summary>
/// <param name="Id">Stable name, for the JSON.</param>
/// <param name="What">What the measurement is, for the table.</param>
/// <param name="Unit">Of the measurement and of all that stands beside it.</param>
/// <param name="Better">Which way it gets better.</param>
/// <param name="Measured">The figure, in the unit.</param>
/// <param name="Limit">What the machine does at best, measured alone.</param>
/// <param name="Peer">What the peer does; null where it has nothing like it.</param>
/// <param name="Aim">The figure designed for.</param>
internal sealed record Row(string Id, string What, Unit Unit, Better Better, double Measured, Beside? Limit = null, Beside? Peer = null, double? Aim = null)
{
    /// <summary>Further facts of the same measurement (percentiles, counts), in the JSON and under the table.</summary>
    public IReadOnlyList<(string Name, double Value, Unit? Unit)> Details { get; init; } = [];

    /// <summary>How many times better than <paramref name="other"/> the measurement is: 1 is equal, below 1 is worse.</summary>
    public double? RatioTo(double? other) => (other, Better) switch
    {
        (null or 0, _) => null,
        (_, Better.Higher) => Measured / other,
        // Nothing allocated, or latency that drowns in noise: as good as can be, and no number.
        (_, Better.Lower) => Measured <= 0 ? double.PositiveInfinity : other / Measured,
        _ => throw new InvalidOperationException($"no such direction: {Better}"),
    };
}
