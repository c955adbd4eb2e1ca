namespace Cairn.Broker.Tests;

/// <summary>The system's clock, moved: for proofs and assertions of machines whose clocks are wrong.</summary>
internal sealed class MovedClock(TimeSpan by = default) : TimeProvider
{
    public TimeSpan By { get; set; } = by;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + By;
}
