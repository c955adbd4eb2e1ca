using System.Text.Json;

namespace Cairn.Gateway.Messages;

/// <summary>What a JSON-RPC message is by its members (JSON-RPC 2.0 §4, §5).</summary>
internal enum MessageKind
{
    /// <summary>Not a JSON-RPC message.</summary>
    Invalid,

    /// <summary>A method with an id.</summary>
    Request,

    /// <summary>A method without an id.</summary>
    Notification,

    /// <summary>An id with a result or an error.</summary>
    Response,
}

/// <summary>Where a JSON value stands in its line.</summary>
/// <param name="Start">Offset of its first byte.</param>
/// <param name="Length">Bytes to its end.</param>
/// <param name="Type">Its first token.</param>
internal readonly record struct ValueSpan(int Start, int Length, JsonTokenType Type)
{
    public ReadOnlySpan<byte> In(ReadOnlySpan<byte> line) => line.Slice(Start, Length);

    public ReadOnlyMemory<byte> In(ReadOnlyMemory<byte> line) => line.Slice(Start, Length);
}

/// <summary>One JSON-RPC message of a line: its envelope, and where the members stand that the gateway looks at.</summary>
internal sealed class McpMessage
{
    private readonly Dictionary<string, ValueSpan> _members = new(8, StringComparer.Ordinal);

    public MessageKind Kind { get; set; }

    /// <summary>The id, when there is a usable one.</summary>
    public MessageId? Id { get; set; }

    public string? Method { get; set; }

    /// <summary>The whole message object.</summary>
    public ValueSpan Object { get; set; }

    /// <summary>
    /// A member by its path from the message object, such as <c>params._meta.traceparent</c>. Only the paths of
    /// <see cref="MessagePaths"/> are kept.
    /// </summary>
    public ValueSpan? this[string path] => _members.TryGetValue(path, out var span) ? span : null;

    public bool Has(string path) => _members.ContainsKey(path);

    /// <summary>The text of a string member; null when it is absent, no string, or not Unicode text.</summary>
    public string? Text(string path, ReadOnlySpan<byte> line)
    {
        if (this[path] is not { Type: JsonTokenType.String } span)
        {
            return null;
        }

        var reader = new Utf8JsonReader(span.In(line));
        return reader.Read() && JsonText.TryGet(ref reader, out var text) ? text : null;
    }

    /// <summary>True when the member is the literal <c>true</c>.</summary>
    public bool IsTrue(string path) => this[path] is { Type: JsonTokenType.True };

    internal void Keep(string path, ValueSpan span) => _members[path] = span;
}

/// <summary>The lines of one message, or of the several messages of a batch (MCP 2025-03-26).</summary>
/// <param name="Messages">The messages in their order; one when the line is no batch.</param>
/// <param name="IsBatch">The line is a JSON array.</param>
/// <param name="Violation">The first thing that makes the line ambiguous or no message; null when all is well.</param>
internal sealed record ScannedLine(IReadOnlyList<McpMessage> Messages, bool IsBatch, MessageViolation? Violation);
