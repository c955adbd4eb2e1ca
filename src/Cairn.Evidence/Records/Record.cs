using System.Text.Json;
using Cairn.Evidence.Merkle;

namespace Cairn.Evidence.Records;

/// <summary>
/// One thing that happened. The bytes are kept as received: they are what is hashed and signed, and they are never
/// written again from the parsed form.
/// </summary>
public sealed class Record
{
    // A thread mostly reads records of one trail and few actors: their texts are kept once, not once a record.
    [ThreadStatic]
    private static SharedActors? _actors;

    [ThreadStatic]
    private static TraceId _lastTrace;

    private readonly int _bodyStart;
    private readonly int _bodyLength;
    private readonly long _ticks;
    private readonly SpanId _parent;
    private readonly SpanId _task;
    private Kept? _kept;

    private Record(ReadOnlyMemory<byte> bytes, in RecordView view)
    {
        Bytes = bytes;
        Id = view.Id;
        Kind = RecordKinds.Intern(view.Kind);
        _ticks = view.Time.UtcTicks;
        Trace = System.Text.Ascii.Equals(view.TraceText, _lastTrace.ToString()) ? _lastTrace : _lastTrace = view.Trace;
        Span = view.Span;
        _parent = view.Parent ?? default;
        _task = view.Task ?? default;
        Seq = view.Seq;
        Actor = (_actors ??= new SharedActors()).Of(in view);
        BodyMember = RecordKinds.IsKnown(Kind) ? RecordKinds.BodyMember(Kind) : view.BodyMember;
        _ = bytes.Span.Overlaps(view.Body, out _bodyStart);
        _bodyLength = view.Body.Length;
    }

    /// <summary>The record exactly as its emitter wrote it.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The Merkle leaf hash, SHA-256(0x00 ‖ bytes) (RFC 9162 §2.1.1).</summary>
    public Digest LeafHash => (_kept ??= new Kept()).LeafHash ??= MerkleHash.Leaf(Bytes.Span);

    /// <summary>The record's id.</summary>
    public RecordId Id { get; }

    /// <summary>The kind: one of <see cref="RecordKinds"/>, or one that this version does not know.</summary>
    public string Kind { get; }

    /// <summary>When it happened by the emitter's clock, to the microsecond, in UTC.</summary>
    public DateTimeOffset Time => new(_ticks, TimeSpan.Zero);

    /// <summary>The trail.</summary>
    public TraceId Trace { get; }

    /// <summary>The span that the record belongs to.</summary>
    public SpanId Span { get; }

    /// <summary>The caller's span, where there is one.</summary>
    public SpanId? Parent => _parent.IsNone ? null : _parent;

    /// <summary>The span of the task's start, where it is another.</summary>
    public SpanId? Task => _task.IsNone ? null : _task;

    /// <summary>The emitter's ordinal of this record within this trail, from 0.</summary>
    public long Seq { get; }

    /// <summary>Who acted.</summary>
    public Actor Actor { get; }

    /// <summary>The name of the kind's own member.</summary>
    public string BodyMember { get; }

    /// <summary>The whole record as JSON, parsed when first asked for.</summary>
    public JsonElement Root => (_kept ??= new Kept()).Root ??= JsonElement.Parse(Bytes.Span);

    /// <summary>The kind's own member as it is written: the bytes of a JSON object.</summary>
    public ReadOnlyMemory<byte> BodyBytes => Bytes.Slice(_bodyStart, _bodyLength);

    /// <summary>The kind's own member: an object. The parsed record is kept; who reads very many once parses <see cref="BodyBytes"/>.</summary>
    public JsonElement Body => Root.GetProperty(BodyMember);

    /// <summary>Reads a record.</summary>
    /// <exception cref="EvidenceFormatException">The bytes are not a record; the message names the member.</exception>
    public static Record Parse(ReadOnlyMemory<byte> bytes) => new(bytes, RecordView.Parse(bytes.Span));

    /// <summary>What few records are asked for, so that the others need no room for it.</summary>
    private sealed class Kept
    {
        public Digest? LeafHash { get; set; }

        public JsonElement? Root { get; set; }
    }
}
