using Cairn.Evidence;
using Cairn.Sdk;

namespace Cairn.Gateway.Authority;

/// <summary>How the pipeline's records leave it: strict ones are durable before anything follows from them, others are queued.</summary>
internal sealed class ActionEmission(EvidenceOutlet outlet, bool strict)
{
    private const string NothingTakesIt = "neither memory nor disk takes further evidence";

    public RecordId NewId() => outlet.NewId();

    /// <summary>Queues a record. Whatever is made durable later in the same stream makes it durable too.</summary>
    /// <returns>Null when it is queued; otherwise why not.</returns>
    public string? Queue(RecordDraft draft) => outlet.Emit(draft) ? null : NothingTakesIt;

    /// <summary>Strict: waits until the ledger holds the record. Otherwise queues it.</summary>
    /// <returns>Null when that is done; otherwise why not.</returns>
    public ValueTask<string?> DurableAsync(RecordDraft draft) => strict ? new(outlet.EmitDurableAsync(draft)) : new(Queue(draft));
}
