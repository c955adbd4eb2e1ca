using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Sdk;

namespace Cairn.Gateway.Authority;

/// <summary>
/// The one way from a gateway to its emitter, for all its callers: turns "evidence unavailable" into a reason, loses
/// patience while the ledger is away, and declares what was lost.
/// </summary>
internal sealed class EvidenceOutlet(Emitter emitter, TimeProvider time, TextWriter log)
{
    /// <summary>
    /// How long a strict record is waited for once one was not durable in time, until one is again: callers should not
    /// pay the whole timeout for each call while the ledger is away.
    /// </summary>
    private static readonly TimeSpan ImpatientTimeout = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly Dictionary<TraceId, Loss> _losses = [];
    private volatile bool _unavailable;

    public Emitter Emitter => emitter;

    public RecordId NewId() => RecordId.New(time.GetUtcNow());

    /// <summary>
    /// Queues a record; it is delivered in order, from the spool if need be. Where neither memory nor disk takes it any
    /// more, it is lost, counted, and declared as soon as a record is taken again.
    /// </summary>
    /// <returns>False when it is lost: what it announces must not happen.</returns>
    public bool Emit(RecordDraft draft)
    {
        lock (_gate)
        {
            try
            {
                DeclareLosses();
                emitter.Emit(draft);
                return true;
            }
            catch (EvidenceUnavailableException e)
            {
                Lose(draft, e);
                return false;
            }
        }
    }

    /// <summary>Queues a record and waits until the ledger holds it.</summary>
    /// <returns>Null when it does; otherwise why not. The record is then delivered later.</returns>
    public async Task<string?> EmitDurableAsync(RecordDraft draft)
    {
        var emission = emitter.EmitDurableAsync(draft, CancellationToken.None).AsTask();
        if (_unavailable)
        {
            await Task.WhenAny(emission, Task.Delay(ImpatientTimeout, time)).ConfigureAwait(false);
            if (!emission.IsCompleted)
            {
                _ = ObserveAsync(draft, emission);
                return "the ledger is unavailable";
            }
        }

        return await ObserveAsync(draft, emission).ConfigureAwait(false);
    }

    private async Task<string?> ObserveAsync(RecordDraft draft, Task<RecordId> emission)
    {
        try
        {
            await emission.ConfigureAwait(false);
            _unavailable = false;
            return null;
        }
        catch (EvidenceUnavailableException e)
        {
            _unavailable = true;
            if (e.Record is null)
            {
                lock (_gate)
                {
                    Lose(draft, e);
                }
            }

            return e.Message;
        }
    }

    private void Lose(RecordDraft draft, EvidenceUnavailableException reason)
    {
        if (_losses.Count == 0)
        {
            log.WriteLine($"cairn: evidence is lost and will be declared as a gap: {reason.Message}");
        }

        _unavailable = true;
        _losses[draft.Trace] = _losses.TryGetValue(draft.Trace, out var loss) ? loss with { Count = loss.Count + 1 } : new Loss(draft, 1);
    }

    private void DeclareLosses()
    {
        foreach (var (trace, loss) in _losses.ToList())
        {
            emitter.Emit(new RecordDraft
            {
                Kind = RecordKinds.GapDeclared,
                Trace = trace,
                Span = loss.First.Task ?? loss.First.Span,
                Task = loss.First.Task,
                Actor = loss.First.Actor,
                Body = writer =>
                {
                    writer.WriteString("reason"u8, "evidence_not_taken"u8);
                    writer.WriteNumber("count"u8, loss.Count);
                    writer.WriteString("detail"u8, $"neither memory nor disk took further records; the first was {loss.First.Kind}");
                },
            });
            _losses.Remove(trace);
        }
    }

    private sealed record Loss(RecordDraft First, long Count);
}
