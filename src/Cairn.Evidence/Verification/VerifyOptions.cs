namespace Cairn.Evidence.Verification;

/// <summary>How a bundle is verified.</summary>
public sealed record VerifyOptions
{
    /// <summary>The most bytes that all files of a bundle may have together, uncompressed.</summary>
    public long MaxBytes { get; init; } = 32L << 30;

    /// <summary>How many failures of each verdict, and warnings, are listed; all are counted.</summary>
    public int MaxListed { get; init; } = 100;

    /// <summary>How far emitters' clocks may differ from the log's before a warning.</summary>
    public TimeSpan ClockTolerance { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Told the number of records read, now and then.</summary>
    public Action<long>? Progress { get; init; }
}
