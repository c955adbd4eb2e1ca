using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;
using Cairn.Gateway.Authority;
using Cairn.Sdk;

namespace Cairn.Gateway.Capture;

/// <summary>The outlet of one wrapped server's conversation: fills in its agent as the actor.</summary>
internal sealed class EvidenceSink(EvidenceOutlet outlet, Actor actor)
{
    public Emitter Emitter => outlet.Emitter;

    public RecordId NewId() => outlet.NewId();

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

    /// <inheritdoc cref="EvidenceOutlet.Emit"/>
    public bool Emit(RecordDraft draft) => outlet.Emit(draft);

    /// <inheritdoc cref="EvidenceOutlet.EmitDurableAsync"/>
    public Task<string?> EmitDurableAsync(RecordDraft draft) => outlet.EmitDurableAsync(draft);
}
