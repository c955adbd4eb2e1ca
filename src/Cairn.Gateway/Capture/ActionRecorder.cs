using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;
using Cairn.Sdk;

namespace Cairn.Gateway.Capture;

/// <summary>Writes <c>action.requested</c> and <c>action.completed</c>. Not safe for several threads.</summary>
internal sealed class ActionRecorder(GatewayOptions options, EvidenceSink sink, ITrailKeys keys)
{
    private const string Media = "application/json";

    /// <summary>Records that an action is about to pass.</summary>
    /// <returns>
    /// The open action, and the task that says whether it may pass (null) or why not: in strict mode once its record is
    /// durable, else at once when not even the spool takes it. No task: it may pass.
    /// </returns>
    public (OpenAction Action, Task<string?>? Evidence) Begin(ActionStart start)
    {
        var action = new OpenAction
        {
            Part = start.Part,
            Requested = sink.NewId(),
            Span = SpanId.New(),
            Parent = start.Parent,
            Type = start.Method.Type,
            Resource = start.Resource,
            Attributes = start.Attributes,
            Started = options.Time.GetTimestamp(),
        };
        var (input, content) = Capture(action, action.Requested, "input", start.Input);
        var attributes = start.Attributes;
        if (start.Continues is { } earlier)
        {
            attributes = new Dictionary<string, object>(attributes) { ["cairn.continues"] = earlier.ToString() };
        }

        var draft = sink.Draft(
            RecordKinds.ActionRequested, start.Part, action.Span, action.Parent,
            writer =>
            {
                writer.WriteString("type"u8, action.Type);
                writer.WriteString("resource"u8, action.Resource);
                input.WriteTo(writer, "input");
                if ((start.Method.Writes ?? start.Tool?.Writes) is { } writes)
                {
                    writer.WriteBoolean("writes"u8, writes);
                }

                if (start.Tool is not null)
                {
                    writer.WriteString("tool_digest"u8, $"sha256:{start.Tool.Digest}");
                }

                writer.WriteBoolean("strict"u8, options.Strict);
            },
            attributes, content, action.Requested);
        start.Part.OpenActions++;
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
