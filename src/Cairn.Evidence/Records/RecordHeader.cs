namespace Cairn.Evidence.Records;

/// <summary>The common members of a record (docs/spec/records.md §3).</summary>
/// <param name="Id">The record's id.</param>
/// <param name="Kind">One of <see cref="RecordKinds"/>.</param>
/// <param name="Time">When it happened; written in UTC, cut to the microsecond.</param>
/// <param name="Trace">The trail.</param>
/// <param name="Span">The span that the record belongs to.</param>
/// <param name="Parent">The caller's span, where there is one.</param>
/// <param name="Task">The span of the task's start, where it is another.</param>
/// <param name="Seq">This emitter's ordinal within this trail, from 0.</param>
/// <param name="Actor">Who acted.</param>
public readonly record struct RecordHeader(
    RecordId Id, string Kind, DateTimeOffset Time, TraceId Trace, SpanId Span, SpanId? Parent, SpanId? Task, long Seq, Actor Actor);
