using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;
using Cairn.Evidence.Submissions;
using Cairn.Sdk.Spooling;

namespace Cairn.Sdk.Emitting;

/// <summary>The stages behind an <see cref="Emitter"/>, and the loops that run them: queue → seal → outbox (and spool) → delivery.</summary>
internal sealed class EmissionPipeline : IAsyncDisposable
{
    // How long sealing waits for a delivery under way, so that the records that come meanwhile share one statement.
    private static readonly TimeSpan GroupCommitWait = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan DiskPause = TimeSpan.FromMilliseconds(200);
    private const int AttemptsAtExit = 3;

    private readonly EmitterOptions _options;
    private readonly ILedgerClient _ledger;
    private readonly PendingQueue _queue;
    private readonly SigningIdentity _identity;
    private readonly HeadTracker _heads;
    private readonly StatementSealer _sealer;
    private readonly Outbox _outbox;
    private readonly Delivery _delivery;
    private readonly CancellationTokenSource _stopSealing = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _stream = new(1); // sealing and beginning a new stream exclude each other
    private Task _sealing = Task.CompletedTask;
    private Task _background = Task.CompletedTask;
    private bool _isSecondStream;
    private bool _isHopeless;
    private string? _spoolComplaint;
    private long _signed;
    private int _disposed;

    public EmissionPipeline(EmitterOptions options, ILedgerClient ledger)
    {
        (_options, _ledger) = (options, ledger);
        _queue = new PendingQueue(options);
        _identity = new SigningIdentity(options);
        _heads = new HeadTracker(ledger, options);
        _sealer = new StatementSealer(options, _identity, _heads);
        _outbox = new Outbox(options);
        _delivery = new Delivery(options, ledger, _outbox, _heads, RejectAsync);
    }

    public StreamId Stream => _sealer.Stream;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _outbox.OpenSpool(Stream);
        var orphans = SpoolDirectory.TakeOrphans(_options.SpoolPath).ToList();
        await _heads.RefreshAsync(cancellationToken);
        var orphanDelivery = new OrphanDelivery(_options, _ledger, Declare);
        _sealing = Task.Run(() => SealLoopAsync(_stopSealing.Token), CancellationToken.None);
        _background = Task.WhenAll(
            Task.Run(() => _delivery.RunAsync(_stop.Token), CancellationToken.None),
            Task.Run(() => _heads.RunAsync(_stop.Token), CancellationToken.None),
            Task.Run(() => orphanDelivery.RunAsync(orphans, _stop.Token), CancellationToken.None));
    }

    public RecordId Add<TState>(in RecordDraft<TState> draft, IReadOnlyList<SealedContent> contents) =>
        _queue.Add(in draft, contents, null, _options.BlockTimeout);

    public long RecordsIn(TraceId trace) => _queue.RecordsIn(trace);

    public async ValueTask<RecordId> AddDurableAsync(RecordDraft<RecordDraft> draft, IReadOnlyList<SealedContent> contents, CancellationToken cancellationToken)
    {
        var waiter = new DurableWaiter(_options.Time.GetTimestamp());
        var id = _queue.Add(in draft, contents, waiter, _options.DurableTimeout);
        _delivery.AttemptNow();
        try
        {
            await waiter.Acknowledged.WaitAsync(_options.DurableTimeout, _options.Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            await RefuseAsync(waiter, cancellationToken);
        }

        return id;
    }

    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var settled = _outbox.WhenSettledAsync(_queue.Enqueued);
        _queue.Hurry();
        _delivery.AttemptNow();
        var ended = await Task.WhenAny(settled, _sealing).WaitAsync(cancellationToken);
        if (ended != settled && Volatile.Read(ref _disposed) == 0 && _queue.Enqueued != _signed)
        {
            throw new EvidenceUnavailableException("records can't be signed any more; see the log", null, isKept: false);
        }

        await settled.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _queue.Close("the emitter is closed; the record was not queued");
        var started = _options.Time.GetTimestamp();
        _stopSealing.CancelAfter(_options.ShutdownTimeout);
        await _sealing;
        await DrainAsync(started);
        await _stop.CancelAsync();
        await _background;
        await LeaveToSpoolAsync();
        _outbox.Dispose();
        _delivery.Dispose();
        _heads.Dispose();
        _queue.Dispose();
        _stream.Dispose();
        _stop.Dispose();
        _stopSealing.Dispose();
        await _identity.DisposeAsync();
    }

    private async Task SealLoopAsync(CancellationToken stop)
    {
        try
        {
            do
            {
                await _queue.WaitForWorkAsync(stop);
                await WaitForRoomAsync(stop);
            }
            while (await SealOnceAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            // Nothing can be signed any more: say so to every caller from now on.
            _options.Log($"EVIDENCE STOPPED: records of {_options.Issuer} can't be signed: {e}");
            _queue.Close($"records can't be signed: {e.Message}");
        }
    }

    // False when the queue is closed and empty.
    private async Task<bool> SealOnceAsync(CancellationToken stop)
    {
        await _stream.WaitAsync(stop);
        try
        {
            var batch = _queue.Take();
            if (batch.Records.Count == 0)
            {
                _queue.Return(batch);
                return Volatile.Read(ref _disposed) == 0;
            }

            var items = await _sealer.SealAsync(batch, stop);
            _signed += batch.Records.Count;
            _queue.Return(batch);
            _outbox.Add(items);
            if (Volatile.Read(ref _disposed) != 0)
            {
                _queue.Hurry(); // one wake-up may have stood for these records and for the close: the loop has to look once more
            }
        }
        finally
        {
            _stream.Release();
        }

        if (_options.SpoolFirst)
        {
            var reason = await _outbox.SpoolAllAsync(stop);
            if (reason is not null && _spoolComplaint is null)
            {
                _options.Log($"evidence is not on the local disk: {reason}; it goes to the ledger from memory");
            }

            _spoolComplaint = reason;
        }

        return true;
    }

    // Strict: while a delivery is under way, records gather for the next statement. Always: not more in memory than agreed.
    private async Task WaitForRoomAsync(CancellationToken stop)
    {
        if (!_options.SpoolFirst && _outbox.Count > 0 && !_delivery.IsFailing)
        {
            await _outbox.Drained.WaitAsync(GroupCommitWait, stop);
        }

        while (!_outbox.HasRoom)
        {
            if (await _outbox.SpoolAllAsync(stop) is not null || !_outbox.HasRoom)
            {
                await _outbox.Drained.WaitAsync(DiskPause, stop);
            }
        }
    }

    // The ledger did not answer in time: the record goes to the spool before the caller is refused.
    private async Task RefuseAsync(DurableWaiter waiter, CancellationToken cancellationToken)
    {
        var isSealed = await Task.WhenAny(waiter.Sealed, Task.Delay(DiskPause, cancellationToken)) == waiter.Sealed;
        var unspooled = isSealed ? await _outbox.SpoolAllAsync(cancellationToken) : $"the record could not be signed yet{(_identity.LastFailure is { } why ? $": {why}" : "")}";
        waiter.Refuse(_delivery.Refusal(unspooled), unspooled is null, null);
        await waiter.Acknowledged; // throws the refusal, unless the acknowledgement was quicker
    }

    // The ledger will never take this statement, nor any later one of its stream: keep them, begin another stream, and
    // say so in it. When the new stream's first statement is refused too, the ledger refuses the emitter: stop.
    private async Task RejectAsync(SubmissionRejectedException e)
    {
        var reason = $"{e.Code}: {e.Message}";
        List<OutboxItem> items;
        await _stream.WaitAsync(_stop.Token);
        try
        {
            var old = Stream;
            items = _outbox.All();
            _isHopeless |= items[0].Seq == 0 && _isSecondStream;
            var lost = await KeepRejectedAsync(items, reason);
            if (_isHopeless)
            {
                _queue.Close($"the ledger refuses this emitter ({reason}); its statements are kept in {_options.SpoolPath}/rejected");
            }
            else
            {
                _isSecondStream = true;
                _outbox.CloseSpool();
                _sealer.StartStream();
                _queue.StartStream();
                _outbox.OpenSpool(Stream);
                foreach (var (trace, records) in lost)
                {
                    Declare(GapRecords.Gap(_options, trace, GapRecords.Rejected, records, old, reason));
                }
            }
        }
        finally
        {
            _stream.Release();
        }

        foreach (var waiter in items.SelectMany(i => i.Waiters))
        {
            waiter.Refuse($"the ledger refused the record's statement for good ({reason}); it is kept in {_options.SpoolPath}/rejected", isKept: false, e);
        }
    }

    private async Task<List<(TraceId Trace, long Records)>> KeepRejectedAsync(List<OutboxItem> items, string reason)
    {
        var submissions = await _outbox.LoadAsync(items, _stop.Token);
        foreach (var submission in submissions)
        {
            var payload = submission.Statement.Payload;
            var isCause = payload.Seq == items[0].Seq;
            var path = SpoolDirectory.Keep(
                _options.SpoolPath, $"{payload.Stream}-{payload.Seq:D8}.submission", submission.Encode(),
                isCause ? reason : $"follows statement {items[0].Seq} of its stream, which was refused: {reason}");
            _options.Log($"EVIDENCE REFUSED: statement {payload.Seq} of stream {payload.Stream} ({payload.RecordCount} records) is kept in {path}: {reason}");
        }

        await _outbox.SettleAsync(items.Count);
        return [.. submissions.SelectMany(s => s.Records).GroupBy(r => RecordView.Parse(r.Span).Trace).Select(g => (g.Key, (long)g.Count()))];
    }

    private void Declare(RecordDraft gap)
    {
        try
        {
            _queue.Add(RecordDraft.ToValue(gap), [], null, patience: null);
        }
        catch (EvidenceUnavailableException e)
        {
            _options.Log($"a gap in trail {gap.Trace} could not be declared in evidence: {e.Message}");
        }
    }

    private async Task DrainAsync(long started)
    {
        var failures = _delivery.FailedAttempts;
        _delivery.AttemptNow();
        while (_outbox.Count > 0 && _delivery.FailedAttempts < failures + AttemptsAtExit && _options.Time.GetElapsedTime(started) < _options.ShutdownTimeout)
        {
            await _outbox.Drained.WaitAsync(DiskPause, CancellationToken.None);
        }
    }

    private async Task LeaveToSpoolAsync()
    {
        var (left, statements) = (_outbox.Records, _outbox.Count);
        if (left > 0)
        {
            var unspooled = await _outbox.SpoolAllAsync(CancellationToken.None);
            _options.Log(unspooled is null
                ? $"{left} records in {statements} statements wait in {_options.SpoolPath}; the next start delivers them ({_delivery.LastFailure})"
                : $"EVIDENCE LOST: {left} records in {statements} statements reached neither the ledger ({_delivery.LastFailure}) nor the spool ({unspooled})");
            foreach (var waiter in _outbox.All().SelectMany(i => i.Waiters))
            {
                waiter.Refuse(_delivery.Refusal(unspooled), unspooled is null, null);
            }
        }

        if (_queue.Enqueued - _signed is var unsigned and > 0)
        {
            _options.Log($"EVIDENCE LOST: {unsigned} records could not be signed before the end; no SVID could be had in time");
        }
    }
}
