using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;

namespace Cairn.Sdk;

/// <summary>A record before the emitter has given it its time, its place in the trail and, unless preassigned, its id.</summary>
public sealed class RecordDraft
{
    /// <summary>One of <see cref="RecordKinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>The trail.</summary>
    public required TraceId Trace { get; init; }

    /// <summary>The span that the record belongs to.</summary>
    public required SpanId Span { get; init; }

    /// <summary>The caller's span, where there is one.</summary>
    public SpanId? Parent { get; init; }

    /// <summary>The span of the task's start, where it is another.</summary>
    public SpanId? Task { get; init; }

    /// <summary>Who acted.</summary>
    public required Actor Actor { get; init; }

    /// <summary>Writes the members of the kind's own object; the braces are written around them. Called once, under the emitter's lock: it must not block or emit.</summary>
    public required Action<Utf8JsonWriter> Body { get; init; }

    /// <summary>OpenTelemetry attributes: strings, booleans, numbers, and arrays of them.</summary>
    public IReadOnlyDictionary<string, object>? Attributes { get; init; }

    /// <summary>Contents to keep, encrypted; each is of this very record, so <see cref="Id"/> must be preassigned.</summary>
    public IReadOnlyList<SealedContent> Contents { get; init; } = [];

    /// <summary>The record's id, where the caller needs it beforehand (for commitments); see <see cref="RecordId.New(DateTimeOffset)"/>.</summary>
    public RecordId? Id { get; init; }

    internal static RecordDraft<RecordDraft> ToValue(RecordDraft draft) =>
        new(draft.Kind, draft.Trace, draft.Span, draft.Parent, draft.Task, draft.Actor, draft, static (d, writer) => d.Body(writer), draft.Attributes, draft.Id);
}

/// <summary>
/// A record draft for hot paths: a value, with a static body writer and its state, so that emitting it allocates nothing.
/// </summary>
/// <typeparam name="TState">What the body writer needs; a value type stays off the heap.</typeparam>
/// <param name="Kind">One of <see cref="RecordKinds"/>.</param>
/// <param name="Trace">The trail.</param>
/// <param name="Span">The span that the record belongs to.</param>
/// <param name="Parent">The caller's span, where there is one.</param>
/// <param name="Task">The span of the task's start, where it is another.</param>
/// <param name="Actor">Who acted.</param>
/// <param name="State">Handed to <paramref name="Body"/>.</param>
/// <param name="Body">Writes the members of the kind's own object. Static, and called under the emitter's lock: it must not block or emit.</param>
/// <param name="Attributes">OpenTelemetry attributes.</param>
/// <param name="Id">The record's id, where preassigned.</param>
public readonly record struct RecordDraft<TState>(
    string Kind, TraceId Trace, SpanId Span, SpanId? Parent, SpanId? Task, Actor Actor,
    TState State, Action<TState, Utf8JsonWriter> Body,
    IReadOnlyDictionary<string, object>? Attributes = null, RecordId? Id = null);
