using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;
using Cairn.Sdk;

namespace Cairn.Gateway.Capture;

/// <summary>The gateway's way to its emitter: fills in the actor, and turns "evidence unavailable" into a reason.</summary>
internal sealed class EvidenceSink(Emitter emitter, Actor actor, TimeProvider time)
{
    /// <summary>
    /// How long a strict record is waited for once one was not durable in time, until one is again: callers should not
    /// pay the whole timeout for each call while the ledger is away.
    /// </summary>
    private static readonly TimeSpan ImpatientTimeout = TimeSpan.FromMilliseconds(250);

    private volatile bool _unavailable;

    public Emitter Emitter => emitter;

    public RecordId NewId() => RecordId.New(time.GetUtcNow());

    public RecordDraft Draft(
        string kind, TrailPart part, SpanId span, SpanId? parent, Action<Utf8JsonWriter> body,
        IReadOnlyDictionary<string, object>? attributes = null, IReadOnlyList<SealedContent>? contents = null, RecordId? id = null) => new()
        {
            Kind = kind,
            Trace = part.Trace,
            Span = span,
            Parent = parent,
            Task = part.Task,
            Actor = actor,
            Body = body,
            Attributes = attributes,
            Contents = contents ?? [],
            Id = id,
        };

    /// <summary>Queues a record; it is delivered in order, from the spool if need be.</summary>
    public RecordId Emit(RecordDraft draft) => emitter.Emit(draft);

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
                _ = ObserveAsync(emission);
                return "the ledger is unavailable";
            }
        }

        return await ObserveAsync(emission).ConfigureAwait(false);
    }

    private async Task<string?> ObserveAsync(Task<RecordId> emission)
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
            return e.Message;
        }
    }
}
