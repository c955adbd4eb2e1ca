using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;
using Cairn.Sdk;

namespace Cairn.Gateway.Authority;

/// <summary>Drafts <c>action.requested</c> and <c>action.completed</c>, for every way in alike.</summary>
internal sealed class ActionRecords(EvidenceOutlet outlet, ITrailKeys keys, TimeProvider time, bool strict)
{
    /// <summary>The record before the act.</summary>
    public RecordDraft Requested(ActionUnderWay way)
    {
        var action = way.Action;
        var (input, contents) = ContentCapture.Hold(
            way.Secrets.Bound(way.Capture, action.Input.Span), keys, action.Trace, way.Requested, "input", action.InputMedia, action.Input);
        return Draft(RecordKinds.ActionRequested, way, way.Requested, contents, action.Attributes, writer =>
        {
            writer.WriteString("type"u8, action.Type);
            writer.WriteString("resource"u8, action.Resource);
            input.WriteTo(writer, "input");
            if (action.Writes is { } writes)
            {
                writer.WriteBoolean("writes"u8, writes);
            }

            if (action.ToolDigest is { } digest)
            {
                writer.WriteString("tool_digest"u8, $"sha256:{digest}");
            }

            writer.WriteBoolean("strict"u8, strict);
            if (way.Decision is { } decision)
            {
                writer.WriteString("decision"u8, decision.ToString());
            }

            if (way.Credential?.Id is { } credential)
            {
                writer.WriteString("credential"u8, credential);
            }

            if (way.Approval is { } approval)
            {
                writer.WriteString("approval"u8, approval.ToString());
            }

            action.More?.Invoke(writer);
        });
    }

    /// <summary>The record after it.</summary>
    public RecordDraft Completed(ActionUnderWay way, ActionResult result)
    {
        var action = way.Action;
        var id = result.CompletedAs ?? outlet.NewId();
        var duration = time.GetElapsedTime(way.Started);
        HeldCommitment? output = null;
        IReadOnlyList<SealedContent> contents = [];
        if (result.Output is { } bytes)
        {
            (output, contents) = ContentCapture.Hold(way.Secrets.Bound(way.Capture, bytes.Span), keys, action.Trace, id, "output", result.OutputMedia, bytes);
        }

        contents = [.. contents, .. result.Streams.SelectMany(stream => stream.Contents)];

        return Draft(RecordKinds.ActionCompleted, way, id, contents, AttributesOf(way, result), writer =>
        {
            writer.WriteString("type"u8, action.Type);
            writer.WriteString("resource"u8, action.Resource);
            writer.WriteString("requested"u8, way.Requested.ToString());
            writer.WriteString("status"u8, result.Status);
            if (result.ErrorCode is not null)
            {
                writer.WriteStartObject("error"u8);
                writer.WriteString("code"u8, result.ErrorCode);
                writer.WriteString("message"u8, Redactor.RedactText(way.Secrets.TakenOut(result.ErrorMessage ?? "")));
                writer.WriteEndObject();
            }

            output?.WriteTo(writer, "output");
            foreach (var stream in result.Streams)
            {
                stream.Commitment.WriteTo(writer, stream.Member);
            }

            writer.WriteNumber("duration_us"u8, (long)duration.TotalMicroseconds);
            result.More?.Invoke(writer);
        });
    }

    /// <summary>Any record of an action's own span.</summary>
    public static RecordDraft Draft(
        string kind, ActionUnderWay way, RecordId id, IReadOnlyList<SealedContent> contents,
        IReadOnlyDictionary<string, object>? attributes, Action<Utf8JsonWriter> body) => new()
        {
            Kind = kind,
            Trace = way.Action.Trace,
            Span = way.Span,
            Parent = way.Action.Parent,
            Task = way.Action.Task,
            Actor = new Actor(way.Action.Caller.Agent, way.Action.Caller.Instance, way.Action.Caller.Owner),
            Body = body,
            Attributes = attributes,
            Contents = contents,
            Id = id,
        };

    private Dictionary<string, object> AttributesOf(ActionUnderWay way, ActionResult result)
    {
        var attributes = new Dictionary<string, object>(way.Action.Attributes, StringComparer.Ordinal);
        if (way.Credential is { } credential && credential.Expires <= time.GetUtcNow())
        {
            attributes["cairn.credential.expired_during_action"] = true;
        }

        foreach (var (name, value) in result.Attributes)
        {
            attributes[name] = value is string text ? way.Secrets.TakenOut(text) : value;
        }

        if (result.ErrorCode is not null)
        {
            attributes["error.type"] = result.ErrorCode;
        }

        return attributes;
    }
}
