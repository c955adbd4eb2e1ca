using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Cairn.Gateway.Messages;

/// <summary>
/// Reads a line once and says which JSON-RPC messages it holds and where their parts stand, without changing or copying
/// the line. Also finds what two parsers could read differently: invalid UTF-8, a name twice in one object at any
/// depth, envelope names in other letter case, a carriage return inside. One scanner serves one direction at a time.
/// </summary>
/// <param name="isLine">The bytes are one line of a stream, so that a line end inside may end the message for some reader; false: a message framed otherwise.</param>
internal sealed class MessageScanner(bool isLine = true)
{
    /// <summary>Deepest nesting understood. Deeper messages are refused from a client and passed unread from a server.</summary>
    public const int MaxDepth = 1000;

    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = MaxDepth };

    private readonly MemberNames _names = new();
    private readonly Stack<Container> _open = new();
    private readonly List<McpMessage> _messages = [];
    private MessageViolation? _violation;
    private bool _isBatch;

    /// <summary>Scans a line without its terminator.</summary>
    public ScannedLine Scan(ReadOnlySpan<byte> line)
    {
        (_violation, _isBatch) = (null, false);
        _messages.Clear();
        if (!Utf8.IsValid(line))
        {
            return new ScannedLine([], false, MessageViolation.InvalidUtf8(FirstInvalid(line)));
        }

        var carriageReturn = isLine ? line.IndexOf((byte)'\r') : -1;
        if (carriageReturn >= 0)
        {
            Note(MessageViolation.CarriageReturn(carriageReturn));
        }

        try
        {
            Read(line);
        }
        catch (JsonException e)
        {
            // Not JSON: nothing that was seen before the error counts as a message.
            _messages.Clear();
            var offset = e.BytePositionInLine ?? 0;
            _violation = MessageViolation.Malformed(
                _open.Count >= MaxDepth ? $"nested deeper than {MaxDepth} levels" : "the line is not one JSON value", offset);
        }
        finally
        {
            while (_open.TryPop(out var container))
            {
                if (container.IsObject)
                {
                    _names.Leave();
                }
            }
        }

        return new ScannedLine([.. _messages], _isBatch, _violation);
    }

    private void Note(MessageViolation violation) => _violation ??= violation;

    private void Read(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line, ReaderOptions);
        string? memberPath = null;
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    memberPath = Member(ref reader);
                    continue;
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    Open(ref reader, memberPath);
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    Close((int)reader.BytesConsumed);
                    break;
                default:
                    Scalar(ref reader, memberPath);
                    break;
            }

            memberPath = null;
        }
    }

    private string? Member(ref Utf8JsonReader reader)
    {
        string name;
        if (!reader.ValueIsEscaped)
        {
            name = _names.Text(reader.ValueSpan);
        }
        else if (!JsonText.TryGet(ref reader, out name))
        {
            Note(MessageViolation.Malformed("a member name holds half a surrogate pair", reader.TokenStartIndex));
            return null;
        }

        if (!_names.Add(name))
        {
            Note(MessageViolation.Duplicate(reader.TokenStartIndex));
        }

        var parent = _open.Peek();
        if (!MessagePaths.IsKnownObject(parent.Path))
        {
            return null;
        }

        var path = MessagePaths.Match(parent.Path!, ref reader);
        if (path is null && MessagePaths.Lookalike(parent.Path!, name) is { } meant)
        {
            Note(MessageViolation.LetterCase(meant, reader.TokenStartIndex));
        }

        return path;
    }

    private void Open(ref Utf8JsonReader reader, string? memberPath)
    {
        var start = (int)reader.TokenStartIndex;
        var isObject = reader.TokenType == JsonTokenType.StartObject;
        var isElement = _open.Count == 0 || (_isBatch && _open.Count == 1);
        if (isObject)
        {
            _names.Enter();
        }

        if (isElement && isObject)
        {
            _messages.Add(new McpMessage());
            _open.Push(new Container(start, true, ""));
        }
        else if (_open.Count == 0)
        {
            _isBatch = true;
            _open.Push(new Container(start, false, null));
        }
        else
        {
            if (isElement)
            {
                NotAnObject(start);
            }

            _open.Push(new Container(start, isObject, memberPath));
        }
    }

    private void Close(int end)
    {
        var container = _open.Pop();
        if (container.IsObject)
        {
            _names.Leave();
        }

        var span = new ValueSpan(container.Start, end - container.Start, container.IsObject ? JsonTokenType.StartObject : JsonTokenType.StartArray);
        if (container.Path is { Length: > 0 } path)
        {
            _messages[^1].Keep(path, span);
        }
        else if (container.Path is "")
        {
            _messages[^1].Object = span;
            Classify(_messages[^1], container.Start);
        }
        else if (_open.Count == 0 && _messages.Count == 0)
        {
            Note(MessageViolation.Shape("a batch holds at least one message", container.Start));
        }
    }

    private void Scalar(ref Utf8JsonReader reader, string? memberPath)
    {
        var start = (int)reader.TokenStartIndex;
        if (_open.Count == 0 || (_isBatch && _open.Count == 1))
        {
            NotAnObject(start);
        }
        else if (memberPath is not null)
        {
            var message = _messages[^1];
            message.Keep(memberPath, new ValueSpan(start, (int)reader.BytesConsumed - start, reader.TokenType));
            if (memberPath == "id" && MessageId.TryRead(ref reader, out var id))
            {
                message.Id = id;
            }
            else if (memberPath == "method" && reader.TokenType == JsonTokenType.String && JsonText.TryGet(ref reader, out var method))
            {
                message.Method = method;
            }
        }
    }

    private void NotAnObject(int start)
    {
        _messages.Add(new McpMessage { Object = new ValueSpan(start, 0, JsonTokenType.None) });
        Note(MessageViolation.Shape("a JSON-RPC message is an object", start));
    }

    private void Classify(McpMessage message, int start)
    {
        var isAnswer = message.Has("result") || message.Has("error");
        message.Kind = (message.Has("method"), isAnswer) switch
        {
            (true, false) => message.Has("id") ? MessageKind.Request : MessageKind.Notification,
            (false, true) => MessageKind.Response,
            _ => MessageKind.Invalid,
        };
        var fault = message.Kind switch
        {
            MessageKind.Invalid when isAnswer => "the message has both a method and an answer",
            MessageKind.Invalid => "the message has neither a method nor an answer",
            MessageKind.Response when message.Has("result") && message.Has("error") => "the answer has both a result and an error",
            MessageKind.Request or MessageKind.Notification when message.Method is null => "the method is not a string",
            MessageKind.Request when message.Id is null => "a request's id is a string or a number",
            MessageKind.Response when message.Id is null && message.Has("result") => "an answer's id is a string or a number",
            _ => null,
        };
        if (fault is not null)
        {
            Note(MessageViolation.Shape(fault, start));
        }
    }

    private static long FirstInvalid(ReadOnlySpan<byte> line)
    {
        var offset = 0;
        while (offset < line.Length && Rune.DecodeFromUtf8(line[offset..], out _, out var consumed) == System.Buffers.OperationStatus.Done)
        {
            offset += consumed;
        }

        return offset;
    }

    /// <summary>An object or array whose end is not reached yet. The path is "" for a message, null where nothing is kept.</summary>
    private readonly record struct Container(int Start, bool IsObject, string? Path);
}
