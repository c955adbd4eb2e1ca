using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;

namespace Cairn.Sdk.Emitting;

/// <summary>
/// Records between their callers and their signature. A record gets its time and its ordinal in the trail, and is
/// formatted and checked, in one step under one lock: what is queued is final, in order, and valid. Bounded: callers
/// wait when it is full; nothing is ever dropped.
/// </summary>
internal sealed class PendingQueue : IDisposable
{
    private readonly EmitterOptions _options;
    private readonly object _gate = new();
    private readonly StreamClock _clock;
    private readonly Dictionary<TraceId, long> _next = [];
    private readonly Signal _work = new();
    private readonly Signal _urgent = new();
    private PendingBatch _filling = new();
    private PendingBatch? _spare = new();
    private bool _isFormatting;
    private string? _closed;

    public PendingQueue(EmitterOptions options) => (_options, _clock) = (options, new StreamClock(options.Time));

    /// <summary>Records queued since the start.</summary>
    public long Enqueued { get; private set; }

    /// <summary>How many records of a trail the present stream has, queued ones included.</summary>
    public long RecordsIn(TraceId trace)
    {
        lock (_gate)
        {
            return _next.GetValueOrDefault(trace);
        }
    }

    /// <summary>Queues a record, waiting for room up to <paramref name="patience"/>; null for the emitter's own records, which always have room.</summary>
    /// <exception cref="EvidenceUnavailableException">There was no room in time, or the emitter takes nothing any more.</exception>
    /// <exception cref="EvidenceFormatException">The draft does not make a valid record; nothing was queued.</exception>
    public RecordId Add<TState>(in RecordDraft<TState> draft, IReadOnlyList<SealedContent> contents, DurableWaiter? waiter, TimeSpan? patience)
    {
        var contentBytes = contents.Count == 0 ? 0 : contents.Sum(c => (long)c.Ciphertext.Length);
        lock (_gate)
        {
            if (_isFormatting)
            {
                throw new InvalidOperationException("a record's body writer must not emit records itself");
            }

            if (patience is { } limit && !HasRoom(contentBytes))
            {
                WaitForRoom(contentBytes, limit);
            }

            if (_closed is not null)
            {
                throw new EvidenceUnavailableException(_closed, null, isKept: false);
            }

            var batch = _filling;
            var time = _clock.Next(out var behind);
            var attributes = behind == TimeSpan.Zero ? draft.Attributes : WithBehind(draft.Attributes, behind);
            ref var next = ref CollectionsMarshal.GetValueRefOrAddDefault(_next, draft.Trace, out _);
            var id = draft.Id ?? RecordId.New(time);
            var header = new RecordHeader(id, draft.Kind, time, draft.Trace, draft.Span, draft.Parent, draft.Task, next, draft.Actor);
            var offset = batch.Buffer.WrittenCount;
            int length;
            try
            {
                _isFormatting = true;
                length = RecordWriter.Write(batch.Buffer, in header, draft.State, draft.Body, attributes);
            }
            finally
            {
                _isFormatting = false;
            }

            next++;
            if (waiter is not null)
            {
                waiter.Record = id;
            }

            batch.Records.Add(new PendingRecord(offset, length, id, draft.Trace, contents, contentBytes, waiter));
            batch.Bytes += length + contentBytes;
            Enqueued++;
            if (batch.Records.Count == 1)
            {
                _work.Set();
            }

            if (waiter is not null || batch.Records.Count == _options.MaxBatchRecords)
            {
                _urgent.Set();
            }

            return id;
        }
    }

    /// <summary>Waits until there is something to sign: at once when a caller waits for it, else after the linger time.</summary>
    public async ValueTask WaitForWorkAsync(CancellationToken cancellationToken)
    {
        while (await _work.WaitAsync(Timeout.InfiniteTimeSpan, cancellationToken))
        {
            lock (_gate)
            {
                if (_filling.Records.Count == 0 && _closed is null)
                {
                    continue; // taken before the flag was seen
                }
            }

            await _urgent.WaitAsync(_options.Linger, cancellationToken);
            return;
        }
    }

    /// <summary>Takes all that is queued; give it back with <see cref="Return"/>.</summary>
    public PendingBatch Take()
    {
        lock (_gate)
        {
            var taken = _filling;
            _filling = _spare ?? new PendingBatch();
            _spare = null;
            Monitor.PulseAll(_gate);
            return taken;
        }
    }

    public void Return(PendingBatch batch)
    {
        batch.Clear();
        lock (_gate)
        {
            _spare ??= batch;
        }
    }

    /// <summary>Ends the linger time: somebody wants what is queued signed now.</summary>
    public void Hurry()
    {
        _urgent.Set();
        _work.Set();
    }

    /// <summary>
    /// A new stream begins: ordinals start at 0 again. Records that are queued already move to it and get new ordinals,
    /// which is possible because nothing has signed them yet.
    /// </summary>
    public void StartStream()
    {
        lock (_gate)
        {
            _next.Clear();
            var old = _filling;
            _filling = _spare ?? new PendingBatch();
            _spare = null;
            foreach (var record in old.Records)
            {
                ref var next = ref CollectionsMarshal.GetValueRefOrAddDefault(_next, record.Trace, out _);
                var bytes = WithSeq(old.BytesOf(record), next++);
                _filling.Records.Add(record with { Offset = _filling.Buffer.WrittenCount, Length = bytes.Length });
                _filling.Buffer.Write(bytes);
                _filling.Bytes += bytes.Length + record.ContentBytes;
            }

            old.Clear();
            _spare = old;
        }
    }

    /// <summary>Takes nothing any more; what is queued stays to be taken.</summary>
    public void Close(string reason)
    {
        lock (_gate)
        {
            _closed ??= reason;
            Monitor.PulseAll(_gate);
        }

        Hurry();
    }

    public void Dispose()
    {
        _work.Dispose();
        _urgent.Dispose();
    }

    private bool HasRoom(long contentBytes) =>
        _closed is not null || _filling.Records.Count == 0
        || (_filling.Records.Count < _options.QueueRecords && _filling.Bytes + contentBytes < _options.QueueBytes);

    private void WaitForRoom(long contentBytes, TimeSpan patience)
    {
        var started = _options.Time.GetTimestamp();
        Hurry();
        while (!HasRoom(contentBytes))
        {
            var left = patience - _options.Time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero || !Monitor.Wait(_gate, left))
            {
                throw new EvidenceUnavailableException(
                    $"the evidence queue has been full for {patience.TotalSeconds:0.#} s ({_filling.Records.Count} records, {_filling.Bytes:N0} bytes): neither the ledger nor the spool {_options.SpoolPath} takes more. The record was not queued",
                    null, isKept: false);
            }
        }
    }

    private static Dictionary<string, object> WithBehind(IReadOnlyDictionary<string, object>? attributes, TimeSpan behind) =>
        new(attributes ?? new Dictionary<string, object>(), StringComparer.Ordinal) { [StreamClock.Behind] = (long)behind.TotalMicroseconds };

    /// <summary>
    /// The record with another ordinal. All members before <c>seq</c> are written by <see cref="RecordWriter"/> and hold
    /// no free text, so the first <c>"seq":</c> is the member itself.
    /// </summary>
    private static byte[] WithSeq(ReadOnlySpan<byte> record, long seq)
    {
        var start = record.IndexOf("\"seq\":"u8) + 6;
        var end = start + record[start..].IndexOf((byte)',');
        return [.. record[..start], .. Encoding.ASCII.GetBytes($"{seq}"), .. record[end..]];
    }
}
