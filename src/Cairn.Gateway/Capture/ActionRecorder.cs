using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;
using Cairn.Gateway.Forwarding;
using Cairn.Gateway.Messages;
using Cairn.Sdk;

namespace Cairn.Gateway.Capture;

/// <summary>Writes <c>action.requested</c> and <c>action.completed</c>. Not safe for several threads.</summary>
internal sealed class ActionRecorder(GatewayOptions options, EvidenceSink sink, ITrailKeys keys, PeerContext peers)
{
    private const string Media = "application/json";

    /// <summary>Records that a request is about to pass.</summary>
    /// <returns>
    /// The open action, and the task that says whether it may pass (null) or why not: in strict mode once its record is
    /// durable, else at once when not even the spool takes it. No task: it may pass.
    /// </returns>
    public (OpenAction Action, Task<string?>? Evidence) Begin(
        ActionMethod method, Direction direction, McpMessage request, ReadOnlyMemory<byte> line, TrailPart part, TraceParent? caller, RecordId? continues)
    {
        var tool = request.Method == McpMethods.ToolsCall ? request.Text("params.name", line.Span) : null;
        var listed = tool is null ? null : peers.Tools.Find(ResourceNames.Bounded(tool, 256));
        var action = new OpenAction
        {
            Part = part,
            Requested = sink.NewId(),
            Span = SpanId.New(),
            Parent = caller?.Span ?? part.Task,
            Type = method.Type,
            Resource = ResourceOf(request, direction, line.Span),
            Attributes = AttributesOf(method, direction, request, line.Span, tool),
            Started = options.Time.GetTimestamp(),
        };
        var given = request["params.arguments"] ?? request["params"];
        var (input, content) = Capture(action, action.Requested, "input", given?.In(line) ?? default);
        var attributes = action.Attributes;
        if (continues is { } earlier)
        {
            attributes = new Dictionary<string, object>(attributes) { ["cairn.continues"] = earlier.ToString() };
        }

        var draft = sink.Draft(
            RecordKinds.ActionRequested, part, action.Span, action.Parent,
            writer =>
            {
                writer.WriteString("type"u8, action.Type);
                writer.WriteString("resource"u8, action.Resource);
                input.WriteTo(writer, "input");
                if ((method.Writes ?? listed?.Writes) is { } writes)
                {
                    writer.WriteBoolean("writes"u8, writes);
                }

                if (listed is not null)
                {
                    writer.WriteString("tool_digest"u8, $"sha256:{listed.Digest}");
                }

                writer.WriteBoolean("strict"u8, options.Strict);
            },
            attributes, content, action.Requested);
        part.OpenActions++;
        if (options.Strict)
        {
            return (action, sink.EmitDurableAsync(draft));
        }

        return (action, sink.Emit(draft) ? null : Task.FromResult<string?>("neither memory nor disk takes further evidence"));
    }

    /// <summary>Records how an action came out. An action that was accepted may come out a second time: then finally.</summary>
    public void Complete(OpenAction action, ActionOutcome outcome, ReadOnlyMemory<byte> line)
    {
        if (!action.IsCompleted)
        {
            action.IsCompleted = true;
            action.Part.OpenActions--;
        }

        var id = sink.NewId();
        HeldCommitment? output = null;
        IReadOnlyList<SealedContent> content = [];
        if (outcome.Output is { } span)
        {
            (output, content) = Capture(action, id, "output", span.In(line));
        }

        var duration = options.Time.GetElapsedTime(action.Started);
        var draft = sink.Draft(
            RecordKinds.ActionCompleted, action.Part, action.Span, action.Parent,
            writer =>
            {
                writer.WriteString("type"u8, action.Type);
                writer.WriteString("resource"u8, action.Resource);
                writer.WriteString("requested"u8, action.Requested.ToString());
                writer.WriteString("status"u8, outcome.Status);
                if (outcome.ErrorCode is not null)
                {
                    writer.WriteStartObject("error"u8);
                    writer.WriteString("code"u8, outcome.ErrorCode);
                    writer.WriteString("message"u8, Redactor.RedactText(outcome.ErrorMessage ?? ""));
                    writer.WriteEndObject();
                }

                output?.WriteTo(writer, "output");
                writer.WriteNumber("duration_us"u8, (long)duration.TotalMicroseconds);
            },
            CompletedAttributes(action, outcome), content, id);
        sink.Emit(draft);
    }

    private (HeldCommitment Commitment, IReadOnlyList<SealedContent> Content) Capture(
        OpenAction action, RecordId record, string member, ReadOnlyMemory<byte> content) =>
        ContentCapture.Hold(options.Capture, keys, action.Part.Trace, record, member, Media, content);

    private string ResourceOf(McpMessage request, Direction direction, ReadOnlySpan<byte> line) => request.Method switch
    {
        McpMethods.ToolsCall => ResourceNames.Of(peers.ServerName, "tools", request.Text("params.name", line) ?? ""),
        McpMethods.PromptsGet => ResourceNames.Of(peers.ServerName, "prompts", request.Text("params.name", line) ?? ""),
        McpMethods.ResourcesRead when request.Text("params.uri", line) is { } uri => Redactor.RedactText(ResourceNames.Redacted(uri)),
        McpMethods.ResourcesRead => ResourceNames.Of(peers.ServerName, "resources"),
        McpMethods.Sampling when direction == Direction.ServerToClient => ResourceNames.Of(peers.ServerName, "client", "sampling"),
        McpMethods.Elicitation when direction == Direction.ServerToClient => ResourceNames.Of(peers.ServerName, "client", "elicitation"),
        _ => ResourceNames.Of(peers.ServerName, direction == Direction.ClientToServer ? "methods" : "client/methods", request.Method),
    };

    private Dictionary<string, object> AttributesOf(
        ActionMethod method, Direction direction, McpMessage request, ReadOnlySpan<byte> line, string? tool)
    {
        var attributes = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["mcp.method.name"] = ResourceNames.Bounded(request.Method!, 256),
            ["network.transport"] = "pipe",
        };
        if (request.Id is { } id)
        {
            attributes["jsonrpc.request.id"] = id.Text;
        }

        if (method.Operation is not null)
        {
            attributes["gen_ai.operation.name"] = method.Operation;
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

        if (peers.Protocol is not null)
        {
            attributes["mcp.protocol.version"] = peers.Protocol;
        }

        if (direction == Direction.ServerToClient)
        {
            attributes["cairn.mcp.initiator"] = "server";
        }

        return attributes;
    }

    private static Dictionary<string, object> CompletedAttributes(OpenAction action, ActionOutcome outcome)
    {
        var attributes = new Dictionary<string, object>(action.Attributes, StringComparer.Ordinal);
        if (outcome.ErrorCode is not null)
        {
            attributes["error.type"] = outcome.ErrorCode;
        }

        if (outcome.ResultType is not null)
        {
            attributes["mcp.result.type"] = ResourceNames.Bounded(outcome.ResultType, 64);
        }

        if (outcome.TaskId is not null)
        {
            attributes["mcp.task.id"] = ResourceNames.Bounded(outcome.TaskId, 128);
        }

        if (action.CancelRequested is not null)
        {
            attributes["cairn.cancel_requested"] = true;
        }

        return attributes;
    }
}
