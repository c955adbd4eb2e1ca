namespace Cairn.Gateway.Messages;

/// <summary>Why a line can't be understood in exactly one way.</summary>
/// <param name="Reason">A stable code: it stands in <c>gap.declared</c> records.</param>
/// <param name="Code">The JSON-RPC error code for the sender (JSON-RPC 2.0 §5.1).</param>
/// <param name="Text">What is wrong, without any content of the message.</param>
/// <param name="Offset">Byte offset in the line.</param>
internal sealed record MessageViolation(string Reason, int Code, string Text, long Offset)
{
    private const int ParseError = -32700;
    private const int InvalidRequest = -32600;

    public static MessageViolation InvalidUtf8(long offset) =>
        new("invalid_utf8", ParseError, "the line is not valid UTF-8", offset);

    public static MessageViolation Malformed(string text, long offset) =>
        new("malformed_json", ParseError, text, offset);

    public static MessageViolation TooLong(long limit) =>
        new("message_too_large", InvalidRequest, $"the message is longer than {limit} bytes", limit);

    /// <summary>A lone CR inside a line: JSON white space to one reader, the end of a message to another.</summary>
    public static MessageViolation CarriageReturn(long offset) =>
        new("embedded_line_end", InvalidRequest, "a carriage return inside the message: some readers end the message there", offset);

    public static MessageViolation Duplicate(long offset) =>
        new("duplicate_member", InvalidRequest, "a member name stands twice in one object: readers disagree which one counts", offset);

    public static MessageViolation LetterCase(string name, long offset) =>
        new("ambiguous_member", InvalidRequest, $"a member name differs from \"{name}\" only by letter case: some readers take it for \"{name}\"", offset);

    public static MessageViolation Shape(string text, long offset) =>
        new("invalid_message", InvalidRequest, text, offset);
}
