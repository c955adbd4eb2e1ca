namespace Cairn.Evidence.Records;

/// <summary>What kind of JSON value stands at a place.</summary>
internal enum ValueKind : byte
{
    /// <summary>The member is absent.</summary>
    None,
    Object,
    Array,
    String,

    /// <summary>A string that holds escapes, so its bytes are not its text.</summary>
    EscapedString,
    Number,
    Literal,
}

/// <summary>Where a member's value stands in a record's bytes. A string's place leaves out its quotes.</summary>
internal struct Place
{
    public int Start;
    public int Length;
    public ValueKind Kind;

    public readonly ReadOnlySpan<byte> Of(ReadOnlySpan<byte> record) => record.Slice(Start, Length);
}

/// <summary>Where the common members stand (docs/spec/records.md §3): found in the one pass that validates the JSON.</summary>
internal struct RecordLayout
{
    public Place Version, Id, Kind, Time, Trace, Span, Parent, Task, Seq, Actor, ActorId, ActorInstance, ActorOwner, Attributes;

    /// <summary>The kind's own member: the one that is none of the others. A second one is remembered to be refused.</summary>
    public Place BodyName, Body, UnexpectedName;

    /// <summary>The place to fill for a member of the outermost object.</summary>
    public static ref Place Root(ref RecordLayout layout, ReadOnlySpan<byte> name, int nameStart)
    {
        switch (name.Length)
        {
            case 1 when name[0] == 'v': return ref layout.Version;
            case 2 when name.SequenceEqual("id"u8): return ref layout.Id;
            case 3 when name.SequenceEqual("seq"u8): return ref layout.Seq;
            case 4:
                switch (name[0])
                {
                    case (byte)'k' when name.SequenceEqual("kind"u8): return ref layout.Kind;
                    case (byte)'s' when name.SequenceEqual("span"u8): return ref layout.Span;
                    case (byte)'t' when name.SequenceEqual("time"u8): return ref layout.Time;
                    case (byte)'t' when name.SequenceEqual("task"u8): return ref layout.Task;
                    default: break;
                }

                break;
            case 5 when name[0] == 't' && name.SequenceEqual("trace"u8): return ref layout.Trace;
            case 5 when name.SequenceEqual("actor"u8): return ref layout.Actor;
            case 6 when name.SequenceEqual("parent"u8): return ref layout.Parent;
            case 10 when name.SequenceEqual("attributes"u8): return ref layout.Attributes;
            default: break;
        }

        ref var ownName = ref layout.BodyName;
        if (ownName.Kind != ValueKind.None)
        {
            ownName = ref layout.UnexpectedName;
        }

        ownName = new Place { Start = nameStart, Length = name.Length, Kind = ValueKind.String };
        return ref layout.Body;
    }

    /// <summary>The place to fill for a member of <c>actor</c>, or a null reference when it is not one of the common members.</summary>
    public static ref Place InActor(ref RecordLayout layout, ReadOnlySpan<byte> name)
    {
        switch (name.Length)
        {
            case 2 when name.SequenceEqual("id"u8): return ref layout.ActorId;
            case 5 when name.SequenceEqual("owner"u8): return ref layout.ActorOwner;
            case 8 when name.SequenceEqual("instance"u8): return ref layout.ActorInstance;
            default: return ref System.Runtime.CompilerServices.Unsafe.NullRef<Place>();
        }
    }
}
