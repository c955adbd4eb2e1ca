using Cairn.Gateway.Admission;
using Cairn.Gateway.Messages;

namespace Cairn.Gateway.Capture;

/// <summary>A request that one side sent and the other has not answered yet.</summary>
/// <param name="Id">Its JSON-RPC id.</param>
/// <param name="Method">Its method.</param>
/// <param name="Action">The action it was recorded as; null when it is none.</param>
/// <param name="Subject">What an answer to it is about: the cursor of a listing, the id of a task; null when there is none.</param>
internal sealed record PendingRequest(MessageId Id, string Method, OpenAction? Action, string? Subject)
{
    /// <summary>Its way through the pipeline; null where no policy decides about it.</summary>
    public MessageAdmission? Admission { get; init; }

    /// <summary>The receiver has not seen it: nobody can answer it yet.</summary>
    public bool IsWaiting => Admission is { HasPassed: false };
}

/// <summary>
/// The unanswered requests of one direction by id. The same id may be under way twice although JSON-RPC forbids it: the
/// answers then go to the requests in their order.
/// </summary>
internal sealed class RequestTable
{
    private readonly Dictionary<MessageId, Queue<PendingRequest>> _pending = [];

    public int Count { get; private set; }

    public void Add(PendingRequest request)
    {
        if (!_pending.TryGetValue(request.Id, out var queue))
        {
            _pending[request.Id] = queue = new Queue<PendingRequest>(1);
        }

        queue.Enqueue(request);
        Count++;
    }

    /// <summary>The oldest unanswered request with this id, without removing it; null when there is none.</summary>
    public PendingRequest? Find(MessageId id) => _pending.TryGetValue(id, out var queue) ? queue.Peek() : null;

    /// <summary>Whether a particular request is still unanswered.</summary>
    public bool Holds(PendingRequest request) => _pending.TryGetValue(request.Id, out var queue) && queue.Any(r => ReferenceEquals(r, request));

    /// <summary>Removes and returns the oldest unanswered request with this id that the receiver has seen; null when there is none.</summary>
    public PendingRequest? Take(MessageId id)
    {
        if (!_pending.TryGetValue(id, out var queue))
        {
            return null;
        }

        if (queue.Peek().IsWaiting)
        {
            if (queue.FirstOrDefault(r => !r.IsWaiting) is { } seen)
            {
                Remove(seen);
                return seen;
            }

            return null;
        }

        var request = queue.Dequeue();
        Count--;
        if (queue.Count == 0)
        {
            _pending.Remove(id);
        }

        return request;
    }

    /// <summary>Removes one particular request.</summary>
    public void Remove(PendingRequest request)
    {
        if (_pending.TryGetValue(request.Id, out var queue))
        {
            var kept = queue.Where(r => !ReferenceEquals(r, request)).ToList();
            Count -= queue.Count - kept.Count;
            if (kept.Count == 0)
            {
                _pending.Remove(request.Id);
            }
            else
            {
                _pending[request.Id] = new Queue<PendingRequest>(kept);
            }
        }
    }

    /// <summary>Removes and returns all.</summary>
    public IReadOnlyList<PendingRequest> Drain()
    {
        var all = _pending.Values.SelectMany(q => q).ToList();
        _pending.Clear();
        Count = 0;
        return all;
    }
}
