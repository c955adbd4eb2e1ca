using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Gateway.Capture;
using Cairn.Sdk;

namespace Cairn.Gateway.Authority;

/// <summary>
/// What every way in shares: identify, decide, credential, record, act, record. The way in identifies the caller and acts;
/// the pipeline does what lies between. Safe for many calls at once.
/// </summary>
public sealed class ActionPipeline
{
    private readonly ActionPipelineOptions _options;
    private readonly Emitter _emitter;
    private readonly ITrailKeys _keys;

    /// <param name="options">What it decides with.</param>
    /// <param name="emitter">Delivers the records; owned by the caller.</param>
    /// <param name="keys">Keys of the trails.</param>
    public ActionPipeline(ActionPipelineOptions options, Emitter emitter, ITrailKeys keys)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _emitter, _keys) = (options, emitter, keys);
    }

    /// <summary>Takes a proposed action as far as the act. When this returns, its evidence is durable (strict) or queued.</summary>
    /// <param name="action">What is proposed.</param>
    /// <param name="waiting">Told now and then, in words for the caller, while a human's approval is waited for; null: nobody is told.</param>
    /// <param name="cancellationToken">The caller gave up: recorded, and the action is not done.</param>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<ActionPermit> BeginAsync(ProposedAction action, IProgress<string>? waiting, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(action);
        cancellationToken.ThrowIfCancellationRequested();
        var (id, span, started) = (RecordId.New(_options.Time.GetUtcNow()), SpanId.New(), _options.Time.GetTimestamp());
        var (input, contents) = ContentCapture.Hold(_options.Capture, _keys, action.Trace, id, "input", action.InputMedia, action.Input);
        var draft = Draft(RecordKinds.ActionRequested, action, span, id, contents, action.Attributes, writer =>
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

            writer.WriteBoolean("strict"u8, _options.Strict);
        });
        ValueTask Complete(ActionResult result) => CompleteAsync(action, span, id, started, result);
        var context = new TraceParent(action.Trace, span, 1);
        try
        {
            if (_options.Strict)
            {
                await _emitter.EmitDurableAsync(draft, CancellationToken.None).ConfigureAwait(false);
            }
            else
            {
                _emitter.Emit(draft);
            }
        }
        catch (EvidenceUnavailableException e)
        {
            await CompleteAsync(
                action, span, id, started,
                new ActionResult(ActionStatus.Refused) { ErrorCode = "evidence_unavailable", ErrorMessage = "evidence could not be recorded; the action was not done" })
                .ConfigureAwait(false);
            return new ActionPermit(new ActionRefusal("evidence_unavailable", e.Message), id, context, null, Complete);
        }

        return new ActionPermit(null, id, context, null, Complete);
    }

    private ValueTask CompleteAsync(ProposedAction action, SpanId span, RecordId requested, long started, ActionResult result)
    {
        var id = RecordId.New(_options.Time.GetUtcNow());
        var duration = _options.Time.GetElapsedTime(started);
        HeldCommitment? output = null;
        IReadOnlyList<Evidence.Commitments.SealedContent> contents = [];
        if (result.Output is { } bytes)
        {
            (output, contents) = ContentCapture.Hold(_options.Capture, _keys, action.Trace, id, "output", result.OutputMedia, bytes);
        }

        var attributes = new Dictionary<string, object>(action.Attributes, StringComparer.Ordinal);
        foreach (var (name, value) in result.Attributes)
        {
            attributes[name] = value;
        }

        if (result.ErrorCode is not null)
        {
            attributes["error.type"] = result.ErrorCode;
        }

        _emitter.Emit(Draft(RecordKinds.ActionCompleted, action, span, id, contents, attributes, writer =>
        {
            writer.WriteString("type"u8, action.Type);
            writer.WriteString("resource"u8, action.Resource);
            writer.WriteString("requested"u8, requested.ToString());
            writer.WriteString("status"u8, result.Status);
            if (result.ErrorCode is not null)
            {
                writer.WriteStartObject("error"u8);
                writer.WriteString("code"u8, result.ErrorCode);
                writer.WriteString("message"u8, Redactor.RedactText(result.ErrorMessage ?? ""));
                writer.WriteEndObject();
            }

            output?.WriteTo(writer, "output");
            writer.WriteNumber("duration_us"u8, (long)duration.TotalMicroseconds);
            result.More?.Invoke(writer);
        }));
        return ValueTask.CompletedTask;
    }

    private static RecordDraft Draft(
        string kind, ProposedAction action, SpanId span, RecordId id, IReadOnlyList<Evidence.Commitments.SealedContent> contents,
        IReadOnlyDictionary<string, object> attributes, Action<Utf8JsonWriter> body) => new()
        {
            Kind = kind,
            Trace = action.Trace,
            Span = span,
            Parent = action.Parent,
            Task = action.Task,
            Actor = new Actor(action.Caller.Agent, action.Caller.Instance, action.Caller.Owner),
            Body = body,
            Attributes = attributes,
            Contents = contents,
            Id = id,
        };
}
