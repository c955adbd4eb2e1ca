using Cairn.Evidence;
using Cairn.Evidence.Submissions;
using Cairn.Sdk.Spooling;

namespace Cairn.Sdk.Emitting;

/// <summary>
/// Signed statements in order, until the ledger has acknowledged them: in memory, in the spool, or both. A statement goes
/// to the spool only after all unacknowledged ones before it.
/// </summary>
internal sealed class Outbox(EmitterOptions options) : IDisposable
{
    private readonly object _gate = new();
    private readonly SemaphoreSlim _disk = new(1); // the spool takes one at a time
    private readonly Queue<OutboxItem> _items = new();
    private readonly Signal _changed = new();
    private readonly Signal _drained = new();
    private List<(long Target, TaskCompletionSource Done)> _flushes = [];
    private StreamSpool? _spool;
    private long _memoryBytes;
    private long _settled;

    /// <summary>Set when something was added.</summary>
    public Signal Changed => _changed;

    /// <summary>Set when something was acknowledged or given up.</summary>
    public Signal Drained => _drained;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _items.Count;
            }
        }
    }

    /// <summary>Records in statements that the ledger has not acknowledged.</summary>
    public long Records
    {
        get
        {
            lock (_gate)
            {
                return _items.Sum(i => (long)i.Records);
            }
        }
    }

    /// <summary>False when so much waits in memory only that no more may be signed.</summary>
    public bool HasRoom
    {
        get
        {
            lock (_gate)
            {
                return _memoryBytes < options.QueueBytes;
            }
        }
    }

    /// <summary>Opens the spool of a stream that begins.</summary>
    /// <exception cref="SpoolException">The folder can't be used.</exception>
    public void OpenSpool(StreamId stream) => _spool = new StreamSpool(options.SpoolPath, stream, new SpoolLimits(options.SpoolQuotaBytes));

    public void Add(IReadOnlyList<OutboxItem> items)
    {
        lock (_gate)
        {
            foreach (var item in items)
            {
                _items.Enqueue(item);
                _memoryBytes += item.Bytes;
            }
        }

        foreach (var waiter in items.SelectMany(i => i.Waiters))
        {
            waiter.MarkSealed();
        }

        _changed.Set();
    }

    /// <summary>Puts everything that is not in the spool yet into it, in order, fsynced.</summary>
    /// <returns>Null when all is there; else why not.</returns>
    public async Task<string?> SpoolAllAsync(CancellationToken cancellationToken)
    {
        await _disk.WaitAsync(cancellationToken);
        try
        {
            OutboxItem[] missing;
            lock (_gate)
            {
                missing = [.. _items.Where(i => i.Position is null)];
            }

            if (missing.Length == 0)
            {
                return null;
            }

            var positions = _spool!.Append([.. missing.Select(i => (i.Seq, (ReadOnlyMemory<byte>)i.Submission.Encode()))]);
            lock (_gate)
            {
                for (var i = 0; i < missing.Length; i++)
                {
                    missing[i].Position = positions[i];
                    if (_memoryBytes > options.QueueBytes / 2 && !missing[i].IsSettled)
                    {
                        _memoryBytes -= missing[i].Bytes;
                        missing[i].LeaveToSpool();
                    }
                }
            }

            return null;
        }
        catch (SpoolException e)
        {
            return e.Message;
        }
        finally
        {
            _disk.Release();
        }
    }

    /// <summary>The oldest items, as many as one delivery may hold; at least one when there is any.</summary>
    public List<OutboxItem> Oldest(int most)
    {
        lock (_gate)
        {
            var bytes = 0L;
            return [.. _items.Take(most).TakeWhile((item, i) => (bytes += item.Bytes) <= options.MaxBatchBytes || i == 0)];
        }
    }

    /// <summary>All items, in order.</summary>
    public List<OutboxItem> All()
    {
        lock (_gate)
        {
            return [.. _items];
        }
    }

    /// <summary>The submissions of items, read back from the spool where memory was short.</summary>
    /// <exception cref="SpoolException">The spool does not hold what was written.</exception>
    public async Task<List<Submission>> LoadAsync(IReadOnlyList<OutboxItem> items, CancellationToken cancellationToken)
    {
        await _disk.WaitAsync(cancellationToken);
        try
        {
            return [.. items.Select(i => i.IsInMemory ? i.Submission : Submission.Decode(_spool!.Read(i.Position!.Value)))];
        }
        finally
        {
            _disk.Release();
        }
    }

    /// <summary>The oldest <paramref name="count"/> items are settled: acknowledged, or kept elsewhere for good.</summary>
    public async Task SettleAsync(int count)
    {
        await _disk.WaitAsync();
        try
        {
            List<TaskCompletionSource> reached = [];
            lock (_gate)
            {
                for (var i = 0; i < count; i++)
                {
                    var item = _items.Dequeue();
                    item.IsSettled = true;
                    _settled += item.Records;
                    _memoryBytes -= item.IsInMemory ? item.Bytes : 0;
                    if (i == count - 1)
                    {
                        _spool!.Release(item.Seq);
                    }
                }

                reached.AddRange(_flushes.Where(f => f.Target <= _settled).Select(f => f.Done));
                _flushes = [.. _flushes.Where(f => f.Target > _settled)];
            }

            reached.ForEach(done => done.TrySetResult());
        }
        finally
        {
            _disk.Release();
        }

        _drained.Set();
    }

    /// <summary>Ends when this many records since the start are settled.</summary>
    public Task WhenSettledAsync(long records)
    {
        lock (_gate)
        {
            if (_settled >= records)
            {
                return Task.CompletedTask;
            }

            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _flushes.Add((records, done));
            return done.Task;
        }
    }

    /// <summary>Ends the present stream's spool: removed when nothing waits in it, else left for the next starter.</summary>
    public void CloseSpool()
    {
        if (Count == 0)
        {
            _spool?.Remove();
        }
        else
        {
            _spool?.Dispose();
        }

        _spool = null;
    }

    public void Dispose()
    {
        CloseSpool();
        _disk.Dispose();
        _changed.Dispose();
        _drained.Dispose();
    }
}
