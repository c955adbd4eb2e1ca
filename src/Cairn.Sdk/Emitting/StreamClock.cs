namespace Cairn.Sdk.Emitting;

/// <summary>
/// Record times of one stream: never earlier than the one before. When the machine's clock goes back, time stands still
/// until the clock has caught up, and each record made meanwhile says by how much the clock is behind.
/// </summary>
internal sealed class StreamClock(TimeProvider time)
{
    /// <summary>The attribute that says how many microseconds the clock was behind the stream's last record.</summary>
    public const string Behind = "cairn.clock.behind_us";

    private static readonly TimeSpan Noticed = TimeSpan.FromMilliseconds(1);
    private DateTimeOffset _last;

    /// <summary>The time for the next record, in whole microseconds.</summary>
    /// <param name="behind">Zero, or how far the clock has gone back when that is a millisecond or more.</param>
    public DateTimeOffset Next(out TimeSpan behind)
    {
        var ticks = time.GetUtcNow().UtcTicks;
        var now = new DateTimeOffset(ticks - (ticks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
        behind = _last - now is var back && back >= Noticed ? back : TimeSpan.Zero;
        _last = now > _last ? now : _last;
        return _last;
    }
}
