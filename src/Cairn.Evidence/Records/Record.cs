using System.Text.Json;
using Cairn.Evidence.Merkle;

namespace Cairn.Evidence.Records;

/// <summary>
/// One thing that happened. The bytes are kept as received: they are what is hashed and signed, and they are never
/// written again from the parsed form.
/// </summary>
public sealed class Record
{
    private Digest? _leafHash;
    private JsonElement? _root;

    private Record(ReadOnlyMemory<byte> bytes, in RecordView view)
    {
        Bytes = bytes;
        Id = view.Id;
        Kind = RecordKinds.Intern(view.Kind);
        Time = view.Time;
        Trace = view.Trace;
        Span = view.Span;
        Parent = view.Parent;
        Task = view.Task;
        Seq = view.Seq;
        Actor = view.Actor;
        BodyMember = view.BodyMember;
    }

    /// <summary>The record exactly as its emitter wrote it.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The Merkle leaf hash, SHA-256(0x00 ‖ bytes) (RFC 9162 §2.1.1).</summary>
    public Digest LeafHash => _leafHash ??= MerkleHash.Leaf(Bytes.Span);

    /// <summary>The record's id.</summary>
    public RecordId Id { get; }

    /// <summary>The kind: one of <see cref="RecordKinds"/>, or one that this version does not know.</summary>
    public string Kind { get; }

    /// <summary>When it happened by the emitter's clock, to the microsecond, in UTC.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>The trail.</summary>
    public TraceId Trace { get; }

    /// <summary>The span that the record belongs to.</summary>
    public SpanId Span { get; }

    /// <summary>The caller's span, where there is one.</summary>
    public SpanId? Parent { get; }

    /// <summary>The span of the task's start, where it is another.</summary>
    public SpanId? Task { get; }

    /// <summary>The emitter's ordinal of this record within this trail, from 0.</summary>
    public long Seq { get; }

    /// <summary>Who acted.</summary>
    public Actor Actor { get; }

    /// <summary>The name of the kind's own member.</summary>
    public string BodyMember { get; }

    /// <summary>The whole record as JSON, parsed when first asked for.</summary>
    public JsonElement Root => _root ??= JsonElement.Parse(Bytes.Span);

    /// <summary>The kind's own member: an object.</summary>
    public JsonElement Body => Root.GetProperty(BodyMember);

    /// <summary>Reads a record.</summary>
    /// <exception cref="EvidenceFormatException">The bytes are not a record; the message names the member.</exception>
    public static Record Parse(ReadOnlyMemory<byte> bytes) => new(bytes, RecordView.Parse(bytes.Span));
}
