namespace Cairn.Sdk.Emitting;

/// <summary>A flag that one loop waits for and many set; setting it twice before it is seen counts once.</summary>
internal sealed class Signal : IDisposable
{
    private readonly SemaphoreSlim _semaphore = new(0);
    private int _isSet;

    public void Set()
    {
        if (Interlocked.Exchange(ref _isSet, 1) == 0)
        {
            _semaphore.Release();
        }
    }

    /// <summary>True when it was set, false when the time was over.</summary>
    public async ValueTask<bool> WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (!await _semaphore.WaitAsync(timeout, cancellationToken))
        {
            return false;
        }

        Volatile.Write(ref _isSet, 0);
        return true;
    }

    public void Dispose() => _semaphore.Dispose();
}
