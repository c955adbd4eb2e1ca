using System.Text;
using Cairn.Evidence;
using Cairn.Gateway.Messages;
using Cairn.Gateway.Capture;
using Microsoft.AspNetCore.Http;

namespace Cairn.HttpGateway.Exchanges;

/// <summary>What the headers of a POST say, held against its body.</summary>
/// <param name="IsSessionless">The revision spoken has no sessions: 2026-07-28 or later.</param>
/// <param name="SessionId">The session's id; null where there is none, or the revision has none.</param>
/// <param name="Context">The <c>traceparent</c> header.</param>
/// <param name="Mismatch">What headers and body disagree about; null: nothing.</param>
internal sealed record RequestMetadata(bool IsSessionless, string? SessionId, TraceParent? Context, string? Mismatch)
{
    /// <summary>The first revision whose requests carry their metadata themselves.</summary>
    public const string Sessionless = "2026-07-28";

    private const string ProtocolMember = "params._meta.io.modelcontextprotocol/protocolVersion";
    private const string Base64Start = "=?base64?";
    private const string Base64End = "?=";

    /// <summary>Whether a GET or DELETE is of a revision without sessions, and which session it names.</summary>
    public static RequestMetadata Of(HttpRequest request)
    {
        var isSessionless = One(request, "MCP-Protocol-Version") is { } version && IsDated(version) && string.CompareOrdinal(version, Sessionless) >= 0;
        return new RequestMetadata(isSessionless, isSessionless ? null : One(request, "Mcp-Session-Id"), ContextOf(request), null);
    }

    /// <summary>Reads the headers of a POST.</summary>
    public static RequestMetadata Of(HttpRequest request, ScannedLine scanned, ReadOnlySpan<byte> body)
    {
        var header = One(request, "MCP-Protocol-Version");
        var isSessionless = header is not null && IsDated(header) && string.CompareOrdinal(header, Sessionless) >= 0;
        string? mismatch = null;
        foreach (var message in scanned.Messages.Where(m => m.Kind == MessageKind.Request))
        {
            var named = message.Text(ProtocolMember, body);
            var isBodySessionless = named is not null && IsDated(named) && string.CompareOrdinal(named, Sessionless) >= 0;
            isSessionless |= isBodySessionless;
            if (isSessionless && header != named)
            {
                mismatch ??= $"MCP-Protocol-Version is {Shown(header)}, and the body's protocol version is {Shown(named)}";
            }

            mismatch ??= MethodMismatch(request, message, isSessionless) ?? NameMismatch(request, message, body, isSessionless);
        }

        if (isSessionless && scanned.IsBatch)
        {
            mismatch ??= "a batch has no headers of its messages; expected one message";
        }

        return new RequestMetadata(isSessionless, isSessionless ? null : One(request, "Mcp-Session-Id"), ContextOf(request), mismatch);
    }

    private static string? MethodMismatch(HttpRequest request, McpMessage message, bool isRequired)
    {
        var header = One(request, "Mcp-Method");
        return header == message.Method || (header is null && !isRequired)
            ? null
            : $"Mcp-Method is {Shown(header)}, and the body's method is {Shown(message.Method)}";
    }

    /// <summary>A header with the name that an action is about must say what the body says, required or not: others may have trusted it.</summary>
    private static string? NameMismatch(HttpRequest request, McpMessage message, ReadOnlySpan<byte> body, bool isRequired)
    {
        var named = message.Method switch
        {
            McpMethods.ToolsCall or McpMethods.PromptsGet => message.Text("params.name", body),
            McpMethods.ResourcesRead => message.Text("params.uri", body),
            _ => null,
        };
        var header = One(request, "Mcp-Name");
        if (header is null)
        {
            return isRequired && named is not null ? $"Mcp-Name is missing, and the body's name is {Shown(named)}" : null;
        }

        // For other methods the header has no meaning that the specification gives; servers may give it one.
        return message.Method is McpMethods.ToolsCall or McpMethods.PromptsGet or McpMethods.ResourcesRead && Decoded(header) != named
            ? $"Mcp-Name is {Shown(header)}, and the body's name is {Shown(named)}"
            : null;
    }

    private static string? Decoded(string header)
    {
        if (!header.StartsWith(Base64Start, StringComparison.Ordinal) || !header.EndsWith(Base64End, StringComparison.Ordinal) || header.Length < Base64Start.Length + Base64End.Length)
        {
            return header;
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Convert.FromBase64String(header[Base64Start.Length..^Base64End.Length]));
        }
        catch (Exception e) when (e is FormatException or DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>A header that stands once; several values count as one that fits nothing.</summary>
    private static string? One(HttpRequest request, string name) =>
        request.Headers.TryGetValue(name, out var values) && values.Count > 0 ? string.Join(", ", values.OfType<string>()) : null;

    private static TraceParent? ContextOf(HttpRequest request) => TraceParent.TryParse(One(request, "traceparent"), out var context) ? context : null;

    private static bool IsDated(string version) =>
        version.Length == 10 && version[4] == '-' && version[7] == '-' && version.All(c => char.IsAsciiDigit(c) || c == '-');

    private static string Shown(string? text) => text is null ? "missing" : $"\"{ResourceNames.Bounded(Sdk.Redactor.RedactText(text), 80)}\"";
}
