using System.Text.Json;
using Cairn.Evidence;
using Cairn.Gateway.Messages;

namespace Cairn.Gateway.Capture;

/// <summary>
/// What the two sides say of themselves and which tools the server lists, noted as context. Up to MCP 2025-11-25 from
/// the <c>initialize</c> handshake; from 2026-07-28 on from each message's <c>_meta</c>.
/// </summary>
/// <param name="fallbackServerName">What the server is called until it says.</param>
/// <param name="keepsDocuments">Whether the capture profile keeps what the server said of itself and of its tools.</param>
internal sealed class PeerContext(string fallbackServerName, bool keepsDocuments = false)
{
    /// <summary>Different self-descriptions noted of one side: a peer that changes its name with each message gets no more.</summary>
    private const int MostDescriptions = 64;

    private const string ClientInfo = "params._meta.io.modelcontextprotocol/clientInfo";
    private const string RequestProtocol = "params._meta.io.modelcontextprotocol/protocolVersion";
    private const string ServerInfo = "result._meta.io.modelcontextprotocol/serverInfo";

    private readonly HashSet<(string Subject, Digest Digest, string? Protocol)> _noted = [];

    public ContextNotes Notes { get; } = new();

    public ToolListing Tools { get; } = new();

    /// <summary>The server's own name where it told one, else the command's.</summary>
    public string ServerName { get; private set; } = fallbackServerName;

    /// <summary>The revision spoken; null before either side said.</summary>
    public string? Protocol { get; private set; }

    /// <summary>Looks at a client's request: <c>initialize</c>, or the metadata that it carries.</summary>
    public void ObserveRequest(McpMessage request, ReadOnlyMemory<byte> line)
    {
        if (request.Method == McpMethods.Initialize && request["params.clientInfo"] is { Type: JsonTokenType.StartObject } info)
        {
            Note("mcp.client", info.In(line), info.In(line), request.Text("params.protocolVersion", line.Span));
        }
        else if (request[RequestProtocol] is not null || request[ClientInfo] is not null)
        {
            var protocol = request.Text(RequestProtocol, line.Span);
            Protocol = protocol is null ? Protocol : ResourceNames.Bounded(protocol, 64);
            if (request[ClientInfo] is { Type: JsonTokenType.StartObject } perRequest)
            {
                Note("mcp.client", perRequest.In(line), perRequest.In(line), protocol);
            }
        }
    }

    /// <summary>Looks at a server's answer: to <c>initialize</c>, or the metadata that it carries.</summary>
    public void ObserveAnswer(string method, McpMessage answer, ReadOnlyMemory<byte> line)
    {
        if (method == McpMethods.Initialize && answer["result"] is { } result)
        {
            var protocol = answer.Text("result.protocolVersion", line.Span);
            Protocol = protocol is null ? Protocol : ResourceNames.Bounded(protocol, 64);
            Server(answer["result.serverInfo"], result, line);
        }
        else if (answer[ServerInfo] is { Type: JsonTokenType.StartObject } info)
        {
            Server(info, method == McpMethods.Discover && answer["result"] is { } whole ? whole : info, line);
        }
    }

    /// <summary>Looks at a page of <c>tools/list</c>.</summary>
    public void ObserveTools(string? cursor, McpMessage answer, ReadOnlyMemory<byte> line)
    {
        if (answer["result.tools"] is not { Type: JsonTokenType.StartArray } tools)
        {
            return;
        }

        if (Tools.Take(cursor, ListedTool.Parse(tools.In(line), keepsDocuments), answer.Text("result.nextCursor", line.Span)) is not var (manifest, change))
        {
            return;
        }

        var parts = ContextBody.Parts(manifest.Tools).ToList();
        for (var i = 0; i < parts.Count; i++)
        {
            var part = parts[i];
            Notes.Set($"mcp.tools/{i}", writer => ContextBody.WriteTools(writer, manifest.Digest, part, change is not null), Attributes(change, i, parts.Count), ContextBody.Definitions(part));
        }

        for (var i = parts.Count; Notes.Remove($"mcp.tools/{i}"); i++)
        {
            // A longer manifest was noted before; its further parts no longer hold.
        }
    }

    private void Server(ValueSpan? info, ValueSpan digested, ReadOnlyMemory<byte> line)
    {
        var implementation = info is { Type: JsonTokenType.StartObject } span ? span.In(line) : "{}"u8.ToArray();
        var peer = Note("mcp.server", implementation, digested.In(line), Protocol);
        ServerName = peer?.Name is { Length: > 0 } name ? name : ServerName;
    }

    private PeerInfo? Note(string subject, ReadOnlyMemory<byte> implementation, ReadOnlyMemory<byte> digested, string? protocol)
    {
        var key = (subject, Digest.Sha256(digested.Span), protocol);
        if (_noted.Count >= 2 * MostDescriptions || !_noted.Add(key))
        {
            return null;
        }

        var peer = PeerInfo.Parse(implementation, digested.Span, protocol);
        Notes.Set(subject, writer => ContextBody.WritePeer(writer, subject, peer), document: keepsDocuments ? digested.ToArray() : default);
        return peer;
    }

    private static Dictionary<string, object>? Attributes(ManifestChange? change, int index, int count)
    {
        var attributes = new Dictionary<string, object>(StringComparer.Ordinal);
        if (count > 1)
        {
            (attributes["cairn.part"], attributes["cairn.parts"]) = (index + 1, count);
        }

        if (change is not null && index == 0)
        {
            attributes["cairn.tools.added"] = Names(change.Added);
            attributes["cairn.tools.removed"] = Names(change.Removed);
            attributes["cairn.tools.changed"] = Names(change.Changed);
        }

        return attributes.Count == 0 ? null : attributes;
    }

    /// <summary>At most so many names as certainly fit into a record beside the tools themselves.</summary>
    private static List<string> Names(IReadOnlyList<string> names) => [.. names.Take(16).Select(n => ResourceNames.Bounded(n, 64))];
}
