using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails.Index;

/// <summary>
/// What a record can be found by, read from its bytes in one pass. Members are taken by their name, whatever the kind, so
/// that kinds of later versions are found too.
/// </summary>
internal sealed class RecordTerms
{
    private const int RecordBytes = 65_536;
    private const int DigestLength = 71;

    private readonly byte[] _text = new byte[RecordBytes];
    private readonly byte[] _pair = new byte[2 * RecordBytes];
    private readonly Action<RecordField, ReadOnlySpan<byte>> _take;

    /// <param name="take">Takes each value, as UTF-8; the same one may come several times.</param>
    public RecordTerms(Action<RecordField, ReadOnlySpan<byte>> take) => _take = take;

    /// <summary>The request of the act that the record belongs to; null: it is none's, or is the request itself.</summary>
    public RecordId? Act { get; private set; }

    /// <summary>The principal that a task.started names.</summary>
    public string? Principal { get; private set; }

    /// <summary>The status that the record tells.</summary>
    public string? Status { get; private set; }

    /// <summary>Reads a record.</summary>
    public void Read(in RecordView record, string issuer)
    {
        (Act, Principal, Status) = (null, null, null);
        _take(RecordField.Kind, record.Kind);
        _take(RecordField.Trace, record.TraceText);
        _take(RecordField.Agent, record.ActorIdText);
        Take(RecordField.Emitter, issuer);
        Take(RecordField.Owner, record.Owner);
        ReadBody(record.Body, record.Kind);
        if (!record.Attributes.IsEmpty)
        {
            ReadAttributes(record.Attributes);
        }
    }

    private static ReadOnlySpan<byte> Tools => "/tools/"u8;

    private void ReadBody(ReadOnlySpan<byte> body, ReadOnlySpan<byte> kind)
    {
        var json = new Utf8JsonReader(body);
        var member = Member.Other;
        while (json.Read())
        {
            switch (json.TokenType)
            {
                case JsonTokenType.PropertyName:
                    member = json.CurrentDepth == 1 ? RecordMembers.Find(ref json, kind) : json.ValueTextEquals("bytes"u8) ? Member.Bytes : Member.Other;
                    break;
                case JsonTokenType.Number when member == Member.Bytes && json.CurrentDepth == 2:
                    _take(RecordField.ContentBytes, json.ValueSpan);
                    break;
                case JsonTokenType.String:
                    var text = TextOf(ref json);
                    if (text.Length == DigestLength && text.StartsWith("sha256:"u8))
                    {
                        _take(RecordField.Digest, text);
                    }

                    Take(member, text);
                    break;
                default:
                    break;
            }
        }
    }

    private void Take(Member member, ReadOnlySpan<byte> text)
    {
        switch (member)
        {
            case Member.Resource:
                _take(RecordField.Resource, text);
                TakeTool(text);
                break;
            case Member.Status:
                _take(RecordField.Status, text);
                Status = Encoding.UTF8.GetString(text);
                break;
            case Member.Principal:
                _take(RecordField.Person, text);
                Principal = Encoding.UTF8.GetString(text);
                break;
            case Member.Act:
                Act = RecordId.TryParse(text, out var id) ? id : Act;
                break;
            case Member.Other or Member.Bytes:
                break;
            default:
                _take((RecordField)member, text);
                break;
        }
    }

    private void TakeTool(ReadOnlySpan<byte> resource)
    {
        if (resource.StartsWith("mcp://"u8) && resource.IndexOf(Tools) is > 0 and var at)
        {
            var name = resource[(at + Tools.Length)..];
            if (name.Contains((byte)'%'))
            {
                Take(RecordField.Tool, Uri.UnescapeDataString(Encoding.UTF8.GetString(name)));
            }
            else
            {
                _take(RecordField.Tool, name);
            }
        }
    }

    private void ReadAttributes(ReadOnlySpan<byte> attributes)
    {
        var json = new Utf8JsonReader(attributes);
        var name = 0;
        while (json.Read())
        {
            switch (json.TokenType)
            {
                case JsonTokenType.PropertyName:
                    name = json.CopyString(_pair);
                    _take(RecordField.Attribute, _pair.AsSpan(0, name));
                    _pair[name] = (byte)'=';
                    break;
                case JsonTokenType.String:
                    var length = json.CopyString(_pair.AsSpan(name + 1));
                    _take(RecordField.Attribute, _pair.AsSpan(0, name + 1 + length));
                    break;
                case JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False:
                    json.ValueSpan.CopyTo(_pair.AsSpan(name + 1));
                    _take(RecordField.Attribute, _pair.AsSpan(0, name + 1 + json.ValueSpan.Length));
                    break;
                default:
                    break;
            }
        }
    }

    private ReadOnlySpan<byte> TextOf(ref Utf8JsonReader json) => json.ValueIsEscaped ? _text.AsSpan(0, json.CopyString(_text)) : json.ValueSpan;

    private void Take(RecordField field, string text) => _take(field, _text.AsSpan(0, Encoding.UTF8.GetBytes(text, _text)));
}
