using System.Text;
using System.Text.Json;

namespace Cairn.Gateway.Messages;

/// <summary>
/// The members of a request's <c>params._meta</c> and where they stand, so that single ones can be set or taken out
/// while every other byte of the line stays.
/// </summary>
internal sealed class MetaMembers
{
    private readonly List<Member> _members = [];
    private readonly ValueSpan? _meta;
    private readonly ValueSpan? _parameters;
    private readonly bool _parametersAreEmpty;

    private MetaMembers(McpMessage request, ReadOnlySpan<byte> line)
    {
        _meta = request["params._meta"];
        _parameters = request["params"] is { Type: JsonTokenType.StartObject } parameters ? parameters : null;
        _parametersAreEmpty = _parameters is { } span && span.In(line)[1..^1].IndexOfAnyExcept(" \t\r\n"u8) < 0;
        if (_meta is { Type: JsonTokenType.StartObject } meta)
        {
            ReadMembers(meta, line);
        }
    }

    /// <summary>Whether a member can be set: <c>params</c> is an object, and its <c>_meta</c>, where it has one, is one too.</summary>
    public bool HasPlace => _parameters is not null && _meta is null or { Type: JsonTokenType.StartObject };

    public static MetaMembers Of(McpMessage request, ReadOnlySpan<byte> line) => new(request, line);

    /// <summary>Where a member's value stands; null when there is no such member.</summary>
    public ValueSpan? this[string name] => Find(name) is { } member ? new ValueSpan(member.Value, member.End - member.Value, member.Type) : null;

    /// <summary>The splices that set members, in place where they stand already, and take one out.</summary>
    /// <param name="set">Names and the JSON of their values. None: nothing is set.</param>
    /// <param name="take">The name of a member that must not stay as it is: taken out unless it is set. Null: there is no such.</param>
    public IReadOnlyList<LineSplice> Splices(IReadOnlyList<(string Name, byte[] Json)> set, string? take)
    {
        if (!HasPlace)
        {
            return [];
        }

        var splices = new List<LineSplice>();
        var taken = take is null || set.Any(s => s.Name == take) ? null : Find(take);
        if (taken is { } gone)
        {
            splices.Add(Removal(gone));
        }

        var added = new List<byte>();
        foreach (var (name, json) in set)
        {
            if (Find(name) is { } standing)
            {
                splices.Add(new LineSplice(standing.Value, standing.End - standing.Value, json));
                continue;
            }

            added.AddRange(Encoding.UTF8.GetBytes($"{(added.Count == 0 ? "" : ",")}\"{JsonEncodedText.Encode(name)}\":"));
            added.AddRange(json);
        }

        if (added.Count > 0)
        {
            splices.Add(_meta is { } meta
                ? new LineSplice(meta.Start + 1, 0, [.. added, .. Comma(_members.Count - (taken is null ? 0 : 1) > 0)])
                : new LineSplice(_parameters!.Value.Start + 1, 0, [.. "\"_meta\":{"u8, .. added, .. "}"u8, .. Comma(!_parametersAreEmpty)]));
        }

        splices.Sort(static (a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.Removed.CompareTo(b.Removed));
        return splices;
    }

    private Member? Find(string name) => _members.FirstOrDefault(m => m.Text == name);

    private static ReadOnlySpan<byte> Comma(bool isNeeded) => isNeeded ? ","u8 : [];

    /// <summary>A member goes with the comma that no longer separates anything.</summary>
    private LineSplice Removal(Member member)
    {
        var at = _members.IndexOf(member);
        var (from, to) = at + 1 < _members.Count ? (member.Name, _members[at + 1].Name)
            : at > 0 ? (_members[at - 1].End, member.End)
            : (member.Name, member.End);
        return new LineSplice(from, to - from, []);
    }

    private void ReadMembers(ValueSpan meta, ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(meta.In(line), new JsonReaderOptions { MaxDepth = MessageScanner.MaxDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = meta.Start + (int)reader.TokenStartIndex;
            var isText = JsonText.TryGet(ref reader, out var text);
            reader.Read();
            var (value, type) = (meta.Start + (int)reader.TokenStartIndex, reader.TokenType);
            reader.Skip();
            _members.Add(new Member(isText ? text : null, name, value, meta.Start + (int)reader.BytesConsumed, type));
        }
    }

    /// <param name="Text">The name; null when it is no Unicode text.</param>
    /// <param name="Name">Offset of the name's first byte in the line.</param>
    /// <param name="Value">Offset of the value's first byte.</param>
    /// <param name="End">Offset behind the value's last byte.</param>
    /// <param name="Type">The value's first token.</param>
    private sealed record Member(string? Text, int Name, int Value, int End, JsonTokenType Type);
}
