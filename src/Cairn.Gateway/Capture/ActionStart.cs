using Cairn.Evidence;
using Cairn.Gateway.Forwarding;
using Cairn.Gateway.Messages;
using Cairn.Sdk;

namespace Cairn.Gateway.Capture;

/// <summary>What is known of an action before it happens.</summary>
/// <param name="Method">What its method does.</param>
/// <param name="Resource">What it works on, free of secrets.</param>
/// <param name="Attributes">OpenTelemetry attributes.</param>
/// <param name="Input">The bytes committed to.</param>
/// <param name="Part">The part of a trail it belongs to.</param>
/// <param name="Parent">The caller's span.</param>
internal sealed record ActionStart(
    ActionMethod Method, string Resource, IReadOnlyDictionary<string, object> Attributes, ReadOnlyMemory<byte> Input, TrailPart Part, SpanId Parent)
{
    /// <summary>What is done: the name of the tool, the prompt or the method.</summary>
    public required string Name { get; init; }

    /// <summary>The server's name.</summary>
    public required string Server { get; init; }

    /// <summary>The tool called, as listed last; null where none is known.</summary>
    public ListedTool? Tool { get; init; }

    /// <summary>The earlier request that this one repeats with the input asked for.</summary>
    public RecordId? Continues { get; init; }

    /// <summary>Whether the message has a place for a credential.</summary>
    public bool TakesCredential { get; init; }
}

/// <summary>Describes requests as actions.</summary>
/// <param name="peers">What is known of the two sides.</param>
/// <param name="transport">OpenTelemetry's <c>network.transport</c>.</param>
internal sealed class ActionDescriber(PeerContext peers, string transport = "pipe")
{
    /// <summary>Describes a request.</summary>
    public ActionStart Describe(ActionMethod method, Direction direction, McpMessage request, ReadOnlyMemory<byte> line, TrailPart part, TraceParent? caller)
    {
        var tool = request.Method == McpMethods.ToolsCall ? request.Text("params.name", line.Span) : null;
        var given = request["params.arguments"] ?? request["params"];
        return new ActionStart(
            method, ResourceOf(request, direction, line.Span), AttributesOf(method, direction, request, line.Span, tool),
            given?.In(line) ?? default, part, caller?.Span ?? part.Task)
        {
            Name = ResourceNames.Bounded(tool ?? (request.Method == McpMethods.PromptsGet ? request.Text("params.name", line.Span) : null) ?? request.Method!, 256),
            Server = peers.ServerName,
            Tool = tool is null ? null : peers.Tools.Find(ResourceNames.Bounded(tool, 256)),
        };
    }

    /// <summary>Describes a request for input that a server puts into a result (MCP 2026-07-28, Multi Round-Trip Requests).</summary>
    /// <param name="method">What the method asked for does.</param>
    /// <param name="name">The method's name.</param>
    /// <param name="parameters">The bytes of its <c>params</c>.</param>
    /// <param name="original">The action whose result asks.</param>
    public ActionStart DescribeInput(ActionMethod method, string name, ReadOnlyMemory<byte> parameters, OpenAction original)
    {
        var attributes = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["mcp.method.name"] = ResourceNames.Bounded(name, 256),
            ["network.transport"] = transport,
        };
        AddCommon(attributes, method, Direction.ServerToClient);
        return new ActionStart(method, ClientResource(name), attributes, parameters, original.Part, original.Span)
        {
            Name = ResourceNames.Bounded(name, 256),
            Server = peers.ServerName,
        };
    }

    private string ResourceOf(McpMessage request, Direction direction, ReadOnlySpan<byte> line) => request.Method switch
    {
        McpMethods.ToolsCall when direction == Direction.ClientToServer => ResourceNames.Of(peers.ServerName, "tools", request.Text("params.name", line) ?? ""),
        McpMethods.PromptsGet => ResourceNames.Of(peers.ServerName, "prompts", request.Text("params.name", line) ?? ""),
        McpMethods.ResourcesRead when request.Text("params.uri", line) is { } uri => Redactor.RedactText(ResourceNames.Redacted(uri)),
        McpMethods.ResourcesRead => ResourceNames.Of(peers.ServerName, "resources"),
        _ when direction == Direction.ServerToClient => ClientResource(request.Method!),
        _ => ResourceNames.Of(peers.ServerName, "methods", request.Method),
    };

    /// <summary>What a server asks of the client.</summary>
    private string ClientResource(string method) => method switch
    {
        McpMethods.Sampling => ResourceNames.Of(peers.ServerName, "client", "sampling"),
        McpMethods.Elicitation => ResourceNames.Of(peers.ServerName, "client", "elicitation"),
        _ => ResourceNames.Of(peers.ServerName, "client/methods", method),
    };

    private Dictionary<string, object> AttributesOf(
        ActionMethod method, Direction direction, McpMessage request, ReadOnlySpan<byte> line, string? tool)
    {
        var attributes = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["mcp.method.name"] = ResourceNames.Bounded(request.Method!, 256),
            ["network.transport"] = transport,
        };
        if (request.Id is { } id)
        {
            attributes["jsonrpc.request.id"] = id.Text;
        }

        if (tool is not null)
        {
            attributes["gen_ai.tool.name"] = ResourceNames.Bounded(tool, 256);
        }

        if (request.Method == McpMethods.PromptsGet && request.Text("params.name", line) is { } prompt)
        {
            attributes["gen_ai.prompt.name"] = ResourceNames.Bounded(prompt, 256);
        }

        if (request.Method == McpMethods.ResourcesRead && request.Text("params.uri", line) is { } uri)
        {
            attributes["mcp.resource.uri"] = Redactor.RedactText(ResourceNames.Redacted(uri));
        }

        AddCommon(attributes, method, direction);
        return attributes;
    }

    private void AddCommon(Dictionary<string, object> attributes, ActionMethod method, Direction direction)
    {
        if (method.Operation is not null)
        {
            attributes["gen_ai.operation.name"] = method.Operation;
        }

        if (peers.Protocol is not null)
        {
            attributes["mcp.protocol.version"] = peers.Protocol;
        }

        if (direction == Direction.ServerToClient)
        {
            attributes["cairn.mcp.initiator"] = "server";
        }
    }
}
