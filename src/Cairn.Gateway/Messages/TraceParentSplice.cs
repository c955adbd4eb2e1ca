using System.Text;
using System.Text.Json;

namespace Cairn.Gateway.Messages;

/// <summary>
/// The one change the gateway makes where no policy grants credentials: <c>params._meta.traceparent</c> of a request
/// (MCP 2026-07-28, basic §General fields; allowed by every earlier revision).
/// </summary>
internal static class TraceParentSplice
{
    /// <summary>
    /// The splice that sets the trace parent; null when the request has no place for it: no <c>params</c> object, or a
    /// <c>_meta</c> that is not an object.
    /// </summary>
    public static LineSplice? For(McpMessage request, ReadOnlySpan<byte> line, string traceParent)
    {
        if (request["params._meta.traceparent"] is { } value)
        {
            return new LineSplice(value.Start, value.Length, Encoding.ASCII.GetBytes($"\"{traceParent}\""));
        }

        var (container, text) = (request["params._meta"], request["params"]) switch
        {
            ({ Type: JsonTokenType.StartObject } meta, _) => (meta, $"\"traceparent\":\"{traceParent}\""),
            (null, { Type: JsonTokenType.StartObject } parameters) => (parameters, $"\"_meta\":{{\"traceparent\":\"{traceParent}\"}}"),
            _ => (default, null),
        };
        if (text is null)
        {
            return null;
        }

        var isEmpty = container.In(line)[1..^1].IndexOfAnyExcept(" \t\r\n"u8) < 0;
        return new LineSplice(container.Start + 1, 0, Encoding.ASCII.GetBytes(isEmpty ? text : text + ","));
    }
}
