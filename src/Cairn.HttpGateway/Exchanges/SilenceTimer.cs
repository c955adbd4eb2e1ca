namespace Cairn.HttpGateway.Exchanges;

/// <summary>Gives up on a server that owes an answer and says nothing.</summary>
internal sealed class SilenceTimer : IDisposable
{
    private readonly TimeSpan _patience;
    private readonly CancellationTokenSource _silent;
    private readonly CancellationTokenSource _both;

    /// <param name="patience">The longest silence.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ending">Other reasons to give up.</param>
    public SilenceTimer(TimeSpan patience, TimeProvider time, CancellationToken ending)
    {
        _patience = patience;
        _silent = new CancellationTokenSource(patience, time);
        _both = CancellationTokenSource.CreateLinkedTokenSource(_silent.Token, ending);
    }

    public CancellationToken Token => _both.Token;

    /// <summary>It was silence that ended the waiting.</summary>
    public bool IsOver => _silent.IsCancellationRequested;

    /// <summary>The server said something.</summary>
    public void Heard() => _silent.CancelAfter(_patience);

    /// <summary>Silence is no matter any more.</summary>
    public void Stop() => _silent.CancelAfter(Timeout.InfiniteTimeSpan);

    public void Dispose()
    {
        _both.Dispose();
        _silent.Dispose();
    }
}
