namespace Cairn.HttpGateway.Exchanges;

/// <summary>
/// Bounds the bytes of bodies held at a time, so that a thousand callers with large messages wait instead of filling the
/// memory. First come, first served; one larger than the whole budget is held alone.
/// </summary>
/// <param name="capacity">Bytes that may be held.</param>
internal sealed class BodyBudget(long capacity)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<(long Bytes, TaskCompletionSource Granted)> _waiting = [];
    private long _taken;

    /// <summary>Room for <paramref name="bytes"/>; given back when disposed.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<IDisposable> TakeAsync(long bytes, CancellationToken cancellationToken)
    {
        LinkedListNode<(long Bytes, TaskCompletionSource Granted)> place;
        lock (_gate)
        {
            if (_waiting.Count == 0 && Fits(bytes))
            {
                _taken += bytes;
                return new Room(this, bytes);
            }

            place = _waiting.AddLast((bytes, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
        }

        try
        {
            await place.Value.Granted.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            lock (_gate)
            {
                if (place.List is not null)
                {
                    _waiting.Remove(place);
                }
                else
                {
                    // Granted in the same moment: nobody is going to use it.
                    _taken -= bytes;
                }

                Grant();
            }

            throw;
        }

        return new Room(this, bytes);
    }

    private bool Fits(long bytes) => _taken == 0 || _taken + bytes <= capacity;

    private void Release(long bytes)
    {
        lock (_gate)
        {
            _taken -= bytes;
            Grant();
        }
    }

    private void Grant()
    {
        while (_waiting.First is { } first && Fits(first.Value.Bytes))
        {
            _waiting.RemoveFirst();
            _taken += first.Value.Bytes;
            first.Value.Granted.SetResult();
        }
    }

    private sealed class Room(BodyBudget budget, long bytes) : IDisposable
    {
        private int _isReleased;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isReleased, 1) == 0)
            {
                budget.Release(bytes);
            }
        }
    }
}
