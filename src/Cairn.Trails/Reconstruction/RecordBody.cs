using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails;

/// <summary>
/// A record's own member, read in one pass without a document of its own: a reader of a million records uses one of these for
/// all of them, on one thread. It is what the last <see cref="Read"/> read. A member that is absent, or of another type, is none:
/// verification names it, reconstruction goes on.
/// </summary>
internal sealed class RecordBody
{
    // One for all that a thread reads: small trails, of which a ledger's credentials are made, would pay for the room.
    [ThreadStatic]
    private static SharedTexts? _shared;

    private readonly SharedTexts _texts = _shared ??= new SharedTexts();
    private ReadOnlyMemory<byte> _bytes;
    private Member[] _members = new Member[24];
    private int _count;

    // Members are mostly asked for in the order in which they stand.
    private int _next;

    /// <summary>Takes a record's own member in place of what was there.</summary>
    public void Read(Record record)
    {
        _bytes = record.BodyBytes;
        _count = _next = 0;
        var reader = new Utf8JsonReader(_bytes.Span);
        _ = reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (_count == _members.Length)
            {
                Array.Resize(ref _members, 2 * _count);
            }

            ref var member = ref _members[_count++];
            member.NameStart = (int)reader.TokenStartIndex + 1;
            member.NameLength = reader.ValueSpan.Length;
            member.Unescaped = reader.ValueIsEscaped ? reader.GetString() : null;
            _ = reader.Read();
            member.Start = (int)reader.TokenStartIndex;
            member.Type = reader.TokenType;
            member.IsEscaped = reader.TokenType == JsonTokenType.String && reader.ValueIsEscaped;
            reader.Skip();
            member.Length = (int)reader.BytesConsumed - member.Start;
        }
    }

    public string? Text(string name)
    {
        ref readonly var member = ref Find(name);
        return member.Type == JsonTokenType.String ? TextOf(in member) : null;
    }

    /// <summary>A text within a member that is an object.</summary>
    public string? Text(string name, string inner)
    {
        ref readonly var member = ref Find(name);
        if (member.Type != JsonTokenType.StartObject)
        {
            return null;
        }

        var reader = new Utf8JsonReader(ValueOf(in member));
        _ = reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isIt = reader.ValueTextEquals(inner);
            _ = reader.Read();
            if (isIt)
            {
                return reader.TokenType != JsonTokenType.String ? null : reader.ValueIsEscaped ? reader.GetString() : _texts.Of(reader.ValueSpan);
            }

            reader.Skip();
        }

        return null;
    }

    public bool? Flag(string name) => Find(name).Type switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => null,
    };

    public long? Number(string name)
    {
        ref readonly var member = ref Find(name);
        return member.Type == JsonTokenType.Number && Utf8Parser.TryParse(ValueOf(in member), out long number, out var used) && used == member.Length ? number : null;
    }

    public IReadOnlyList<string> Texts(string name)
    {
        ref readonly var member = ref Find(name);
        if (member.Type != JsonTokenType.StartArray)
        {
            return [];
        }

        var texts = new List<string>();
        var reader = new Utf8JsonReader(ValueOf(in member));
        _ = reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.String)
            {
                texts.Add(reader.ValueIsEscaped ? reader.GetString()! : _texts.Of(reader.ValueSpan));
            }

            reader.Skip();
        }

        return texts.Count == 0 ? [] : texts.ToArray();
    }

    public RecordId? RecordId(string name)
    {
        ref readonly var member = ref Find(name);
        return member.Type != JsonTokenType.String ? null
            : member.IsEscaped ? Evidence.RecordId.TryParse(TextOf(in member), out var escaped) ? escaped : null
            : Evidence.RecordId.TryParse(ValueOf(in member)[1..^1], out var id) ? id : null;
    }

    public SpanId? Span(string name)
    {
        ref readonly var member = ref Find(name);
        return member.Type == JsonTokenType.String && SpanId.TryParse(TextOf(in member), out var span) ? span : null;
    }

    public DateTimeOffset? Time(string name)
    {
        ref readonly var member = ref Find(name);
        if (member.Type != JsonTokenType.String)
        {
            return null;
        }

        var reader = new Utf8JsonReader(ValueOf(in member));
        _ = reader.Read();
        return reader.TryGetDateTimeOffset(out var time) ? time : null;
    }

    public TargetVersion? Version(string name) =>
        Text(name, "kind") is { } kind && Text(name, "value") is { } value ? new TargetVersion(kind, value) : null;

    /// <summary>A member that is an object.</summary>
    public JsonElement? Object(string name)
    {
        ref readonly var member = ref Find(name);
        return member.Type == JsonTokenType.StartObject ? JsonElement.Parse(ValueOf(in member)) : null;
    }

    /// <summary>How many elements a member that is an array has; null: it is none.</summary>
    public int? Count(string name)
    {
        ref readonly var member = ref Find(name);
        return member.Type == JsonTokenType.StartArray ? JsonElement.Parse(ValueOf(in member)).GetArrayLength() : null;
    }

    /// <summary>The objects of a member that is an array.</summary>
    public IEnumerable<JsonElement> Objects(string name)
    {
        ref readonly var member = ref Find(name);
        return member.Type == JsonTokenType.StartArray
            ? JsonElement.Parse(ValueOf(in member)).EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object)
            : [];
    }

    private static readonly Member Absent = new() { Type = JsonTokenType.None };

    private ref readonly Member Find(string name)
    {
        var bytes = _bytes.Span;
        for (var i = 0; i < _count; i++)
        {
            var at = _next + i < _count ? _next + i : _next + i - _count;
            ref var member = ref _members[at];
            if (member.Unescaped is null ? member.NameLength == name.Length && Ascii.Equals(bytes.Slice(member.NameStart, member.NameLength), name) : member.Unescaped == name)
            {
                _next = at;
                return ref member;
            }
        }

        return ref Absent;
    }

    private ReadOnlySpan<byte> ValueOf(in Member member) => _bytes.Span.Slice(member.Start, member.Length);

    private string TextOf(in Member member)
    {
        var value = ValueOf(in member);
        if (!member.IsEscaped)
        {
            return _texts.Of(value[1..^1]);
        }

        var reader = new Utf8JsonReader(value);
        _ = reader.Read();
        return reader.GetString()!;
    }

    /// <summary>Where a member stands; a string's value has its quotes.</summary>
    private struct Member
    {
        public int NameStart, NameLength, Start, Length;
        public JsonTokenType Type;
        public bool IsEscaped;
        public string? Unescaped;
    }
}
