using System.Globalization;

namespace Cairn.Bench.Measuring;

/// <summary>How figures are written for people: three significant digits and a unit that keeps them short.</summary>
internal static class Figures
{
    public static string Text(double value, Unit? unit) => unit switch
    {
        Unit.Time => Math.Abs(value) switch
        {
            < 1e-6 => $"{Digits(value * 1e9)} ns",
            < 1e-3 => $"{Digits(value * 1e6)} µs",
            < 1 => $"{Digits(value * 1e3)} ms",
            _ => $"{Digits(value)} s",
        },
        Unit.PerSecond => $"{Digits(value)}/s",
        Unit.Bytes => value switch
        {
            < 10_000 => $"{Digits(value)} B",
            < 10_000_000 => $"{Digits(value / 1024)} KiB",
            _ => $"{Digits(value / 1024 / 1024)} MiB",
        },
        null => Digits(value),
        _ => throw new InvalidOperationException($"no such unit: {unit}"),
    };

    public static string Ratio(double? ratio) => ratio switch
    {
        null => "—",
        double.PositiveInfinity => "∞",
        >= 100 => $"{ratio.Value.ToString("N0", CultureInfo.InvariantCulture)}×",
        >= 10 => $"{ratio.Value.ToString("0.0", CultureInfo.InvariantCulture)}×",
        _ => $"{ratio.Value.ToString("0.00", CultureInfo.InvariantCulture)}×",
    };

    private static string Digits(double value) => Math.Abs(value) switch
    {
        0 => "0",
        < 10 => value.ToString("0.##", CultureInfo.InvariantCulture),
        < 100 => value.ToString("0.#", CultureInfo.InvariantCulture),
        _ => value.ToString("N0", CultureInfo.InvariantCulture),
    };
}
