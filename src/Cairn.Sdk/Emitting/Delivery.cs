using Cairn.Evidence.Submissions;
using Cairn.Sdk.Spooling;

namespace Cairn.Sdk.Emitting;

/// <summary>
/// Hands signed statements to the ledger, in order, one delivery at a time. A ledger that can't take them gets the same
/// bytes again, with growing pauses; meanwhile everything goes to the spool and callers that waited long enough are
/// refused. A statement that the ledger refuses for good is handed to <paramref name="onRejected"/>.
/// </summary>
internal sealed class Delivery(
    EmitterOptions options, ILedgerClient ledger, Outbox outbox, HeadTracker heads,
    Func<SubmissionRejectedException, Task> onRejected) : IDisposable
{
    private const int MostSubmissions = 64;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);

    private readonly Signal _attemptNow = new();
    private long? _failingSince;
    private int _most = MostSubmissions;
    private TimeSpan _pause = FirstPause;
    private bool _isFailing;

    /// <summary>True while the last attempt has failed.</summary>
    public bool IsFailing => Volatile.Read(ref _isFailing);

    /// <summary>Attempts that failed since the start.</summary>
    public long FailedAttempts { get; private set; }

    /// <summary>Why the last attempt failed.</summary>
    public string LastFailure { get; private set; } = "no attempt yet";

    /// <summary>Somebody waits: don't sit out the pause.</summary>
    public void AttemptNow() => _attemptNow.Set();

    /// <summary>Delivers until cancelled.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                if (outbox.Count == 0)
                {
                    await outbox.Changed.WaitAsync(Timeout.InfiniteTimeSpan, stop);
                    continue;
                }

                await AttemptAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    public void Dispose() => _attemptNow.Dispose();

    private async Task AttemptAsync(CancellationToken stop)
    {
        var items = outbox.Oldest(_most);
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(stop);
        attempt.CancelAfter(options.AttemptTimeout);
        try
        {
            var submissions = await outbox.LoadAsync(items, stop);
            var acknowledgements = await ledger.SubmitAsync(submissions, attempt.Token);
            RequireTheSame(items, acknowledgements);
            await SucceedAsync(items);
        }
        catch (SubmissionRejectedException e) when (items.Count > 1)
        {
            _most = 1; // one of several: find out which
            options.Log($"the ledger refused one of {items.Count} statements ({e.Code}: {e.Message}); handing them over one by one");
        }
        catch (SubmissionRejectedException e)
        {
            await onRejected(e);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            await FailAsync($"no answer within {options.AttemptTimeout.TotalSeconds:0.#} s", null, stop);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Whatever else a ledger throws promises nothing either: tried again like an outage, and told with its type.
            await FailAsync(e is LedgerUnavailableException or SpoolException ? e.Message : $"{e.GetType().Name}: {e.Message}", e, stop);
        }
    }

    private async Task SucceedAsync(List<OutboxItem> items)
    {
        await outbox.SettleAsync(items.Count);
        foreach (var waiter in items.SelectMany(i => i.Waiters))
        {
            waiter.Complete();
        }

        heads.Nudge();
        (_most, _pause) = (MostSubmissions, FirstPause);
        if (_failingSince is { } since)
        {
            options.Log($"the ledger is back after {options.Time.GetElapsedTime(since).TotalSeconds:0.#} s; {outbox.Count} statements wait");
            _failingSince = null;
        }

        Volatile.Write(ref _isFailing, false);
    }

    // Spool first, refuse afterwards: a refusal says truly whether the record is kept.
    private async Task FailAsync(string reason, Exception? cause, CancellationToken stop)
    {
        if (_failingSince is null)
        {
            _failingSince = options.Time.GetTimestamp();
            options.Log($"the ledger can't take evidence: {reason}; it is kept in {options.SpoolPath} meanwhile");
        }

        var unspooled = await outbox.SpoolAllAsync(stop);
        LastFailure = reason;
        FailedAttempts++;
        Volatile.Write(ref _isFailing, true);
        outbox.Drained.Set(); // whoever waits for an attempt's end
        var isLong = options.Time.GetElapsedTime(_failingSince.Value) >= options.DurableTimeout;
        foreach (var waiter in outbox.All().SelectMany(i => i.Waiters))
        {
            if (isLong || options.Time.GetElapsedTime(waiter.Started) >= options.DurableTimeout)
            {
                waiter.Refuse(Refusal(unspooled), unspooled is null, cause);
            }
        }

        await _attemptNow.WaitAsync(_pause, stop);
        var longer = _pause * 2;
        _pause = longer < options.MaxBackoff ? longer : options.MaxBackoff;
    }

    /// <summary>What a caller is told whose record the ledger did not take.</summary>
    public string Refusal(string? unspooled) =>
        unspooled is null
            ? $"evidence is not durable: the ledger did not take it ({LastFailure}). The record is kept in {options.SpoolPath} and will be delivered when the ledger is back"
            : $"evidence is not durable: neither the ledger nor the spool took it ({LastFailure}; {unspooled}). The record waits in this process's memory only";

    private static void RequireTheSame(List<OutboxItem> items, IReadOnlyList<Acknowledgement> acknowledgements)
    {
        if (acknowledgements.Count != items.Count || items.Where((item, i) => acknowledgements[i].Stream != item.Stream || acknowledgements[i].Seq != item.Seq).Any())
        {
            throw new LedgerUnavailableException(
                $"the ledger was given {items.Count} statements from {items[0].Stream} seq {items[0].Seq} and acknowledged {acknowledgements.Count} others; that promises nothing");
        }
    }
}
