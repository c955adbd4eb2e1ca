using System.Text;
using System.Text.Json;

namespace Cairn.Gateway.Messages;

/// <summary>
/// The one change the gateway makes: <c>params._meta.traceparent</c> of a request (MCP 2026-07-28, basic §General fields;
/// allowed by every earlier revision). All other bytes of the line stay as they are.
/// </summary>
/// <param name="Offset">Where bytes are replaced.</param>
/// <param name="Removed">How many.</param>
/// <param name="Inserted">By which.</param>
internal readonly record struct TraceParentSplice(int Offset, int Removed, byte[] Inserted)
{
    /// <summary>
    /// The splice that sets the trace parent; null when the request has no place for it: no <c>params</c> object, or a
    /// <c>_meta</c> that is not an object.
    /// </summary>
    public static TraceParentSplice? For(McpMessage request, ReadOnlySpan<byte> line, string traceParent)
    {
        if (request["params._meta.traceparent"] is { } value)
        {
            return new TraceParentSplice(value.Start, value.Length, Encoding.ASCII.GetBytes($"\"{traceParent}\""));
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
        return new TraceParentSplice(container.Start + 1, 0, Encoding.ASCII.GetBytes(isEmpty ? text : text + ","));
    }

    /// <summary>The line with the splices made; they do not overlap and stand in order.</summary>
    public static byte[] Apply(ReadOnlySpan<byte> line, IReadOnlyList<TraceParentSplice> splices)
    {
        var changed = new byte[line.Length + splices.Sum(s => s.Inserted.Length - s.Removed)];
        var (from, to) = (0, 0);
        foreach (var splice in splices)
        {
            line[from..splice.Offset].CopyTo(changed.AsSpan(to));
            to += splice.Offset - from;
            splice.Inserted.CopyTo(changed.AsSpan(to));
            to += splice.Inserted.Length;
            from = splice.Offset + splice.Removed;
        }

        line[from..].CopyTo(changed.AsSpan(to));
        return changed;
    }
}
