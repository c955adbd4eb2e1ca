using Cairn.Evidence;

namespace Cairn.Sdk.Emitting;

/// <summary>A caller that waits until its record is acknowledged.</summary>
internal sealed class DurableWaiter(long started)
{
    private readonly TaskCompletionSource _acknowledged = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _sealed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Timestamp of the call (<see cref="TimeProvider.GetTimestamp"/>).</summary>
    public long Started => started;

    /// <summary>The record's id; known once it is queued.</summary>
    public RecordId Record { get; set; }

    /// <summary>Ends well on acknowledgement, with <see cref="EvidenceUnavailableException"/> on refusal.</summary>
    public Task Acknowledged => _acknowledged.Task;

    /// <summary>Ends when the record is in a signed statement.</summary>
    public Task Sealed => _sealed.Task;

    public void MarkSealed() => _sealed.TrySetResult();

    public void Complete() => _acknowledged.TrySetResult();

    public void Refuse(string reason, bool isKept, Exception? cause)
    {
        if (_acknowledged.TrySetException(new EvidenceUnavailableException(reason, Record, isKept, cause)))
        {
            _ = _acknowledged.Task.Exception; // seen: the caller may have stopped waiting
        }
    }
}
