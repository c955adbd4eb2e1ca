using System.Text;

namespace Cairn.Evidence.Records;

/// <summary>
/// A record validated and read in one pass, without allocation: JSON by <see cref="IJson"/>, the common members by
/// docs/spec/records.md §3. Texts are the record's own bytes; the typed properties convert when asked.
/// </summary>
public readonly ref struct RecordView
{
    private readonly RecordLayout _layout;

    private RecordView(ReadOnlySpan<byte> utf8, scoped in RecordLayout layout, RecordId id, DateTimeOffset time, long seq)
    {
        Bytes = utf8;
        _layout = layout;
        Id = id;
        Time = time;
        Seq = seq;
    }

    /// <summary>The whole record.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>The record's id.</summary>
    public RecordId Id { get; }

    /// <summary>When it happened by the emitter's clock, to the microsecond, in UTC.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>The emitter's ordinal of this record within this trail, from 0.</summary>
    public long Seq { get; }

    /// <summary>The record's id as text: 36 bytes.</summary>
    public ReadOnlySpan<byte> IdText => _layout.Id.Of(Bytes);

    /// <summary>The kind, such as <c>action.requested</c>.</summary>
    public ReadOnlySpan<byte> Kind => _layout.Kind.Of(Bytes);

    /// <summary>The trace id: 32 lower-case hexadecimal digits.</summary>
    public ReadOnlySpan<byte> TraceText => _layout.Trace.Of(Bytes);

    /// <summary>The span id: 16 lower-case hexadecimal digits.</summary>
    public ReadOnlySpan<byte> SpanText => _layout.Span.Of(Bytes);

    /// <summary>The parent's span id; empty when there is none.</summary>
    public ReadOnlySpan<byte> ParentText => _layout.Parent.Of(Bytes);

    /// <summary>The span id of the task's start; empty when there is none.</summary>
    public ReadOnlySpan<byte> TaskText => _layout.Task.Of(Bytes);

    /// <summary>The actor's SPIFFE ID.</summary>
    public ReadOnlySpan<byte> ActorIdText => _layout.ActorId.Of(Bytes);

    /// <summary>The kind's own member as JSON: an object.</summary>
    public ReadOnlySpan<byte> Body => _layout.Body.Of(Bytes);

    /// <summary>The attributes as JSON: an object; empty when there are none.</summary>
    public ReadOnlySpan<byte> Attributes => _layout.Attributes.Of(Bytes);

    /// <summary>The name of the kind's own member.</summary>
    public string BodyMember => Text(_layout.BodyName);

    /// <summary>The trail.</summary>
    public TraceId Trace => TraceId.Parse(Text(TraceText));

    /// <summary>The span.</summary>
    public SpanId Span => SpanId.TryParse(SpanText, out var span) ? span : default;

    /// <summary>The caller's span.</summary>
    public SpanId? Parent => OptionalSpan(ParentText);

    /// <summary>The span of the task's start.</summary>
    public SpanId? Task => OptionalSpan(TaskText);

    /// <summary>The accountable owner.</summary>
    public string Owner => Text(_layout.ActorOwner);

    /// <summary>The member <c>actor</c> as JSON: an object.</summary>
    internal ReadOnlySpan<byte> ActorText => _layout.Actor.Of(Bytes);

    /// <summary>Who acted.</summary>
    public Actor Actor => new(
        SpiffeId.Parse(Text(ActorIdText)),
        Text(_layout.ActorInstance),
        Text(_layout.ActorOwner));

    /// <summary>Reads a record.</summary>
    /// <exception cref="EvidenceFormatException">The bytes are not a record; the message names the member.</exception>
    public static RecordView Parse(ReadOnlySpan<byte> utf8)
    {
        JsonScan.Run(utf8, out var layout);
        CommonMembers.Check(utf8, in layout, out var id, out var time, out var seq);
        return new RecordView(utf8, in layout, id, time, seq);
    }

    private string Text(in Place place) => place.Kind == ValueKind.EscapedString
        ? Encoding.UTF8.GetString(JsonScan.Unescape(place.Of(Bytes)))
        : Text(place.Of(Bytes));

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);

    private static SpanId? OptionalSpan(ReadOnlySpan<byte> text) => SpanId.TryParse(text, out var span) ? span : null;
}
