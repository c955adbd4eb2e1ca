using System.Text.Json;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Tasks;
using Cairn.Sdk;

namespace Cairn.Gateway.Hooks;

/// <summary>What one hook call records, by its moment.</summary>
internal sealed class HookWork(
    HookOptions options, ActionPipelineOptions deciding, EvidenceOutlet outlet, ITrailKeys keys,
    TaskPart part, HookSession session, HookCall call, string sessionKey, PendingUses pending)
{
    /// <summary>Records what the agent has before it.</summary>
    /// <param name="subject">agent or prompt.</param>
    /// <param name="content">What is committed to; null: nothing.</param>
    public void Note(string subject, ReadOnlyMemory<byte>? content)
    {
        var id = outlet.NewId();
        HeldCommitment? held = null;
        IReadOnlyList<SealedContent> contents = [];
        if (content is { } bytes)
        {
            (held, contents) = ContentCapture.Hold(deciding.Capture, keys, part.Trace, id, "commitment", "text/plain", bytes);
        }

        outlet.Emit(part.Draft(
            RecordKinds.ContextCaptured,
            writer =>
            {
                writer.WriteString("subject"u8, subject);
                held?.WriteTo(writer, "commitment");
                writer.WriteString("name"u8, HookFormats.NameOf(call.Format));
            },
            Attributes(), id, contents));
    }

    /// <summary>Decides about a use of a tool and records it; says what the agent is told.</summary>
    /// <exception cref="IOException">The use can't be remembered: it is completed as refused.</exception>
    public async Task<HookAnswer> BeforeAsync(TextWriter log, CancellationToken ct)
    {
        var policy = deciding.Policy is { } point ? new HookPolicy(point, options.LongestWait) : null;
        var pipeline = new ActionPipeline(deciding with { Policy = policy, AsksElsewhere = !options.WaitsForApproval }, outlet, keys);
        var tool = HookTool.Of(call);
        ActionPermit permit;
        try
        {
            permit = await pipeline.BeginAsync(Propose(tool, call.Moment), new Spoken(log), ct).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return HookAnswer.Of(call, HookVerdict.Deny, "the hook was ended before it was decided");
        }

        if (permit.Refusal is { } refusal)
        {
            return HookAnswer.Of(call, HookVerdict.Deny, refusal.Message);
        }

        if (call.Event == "beforeReadFile")
        {
            // Cursor has no call after a read.
            await permit.CompleteAsync(new ActionResult(ActionStatus.Accepted) { Attributes = new Dictionary<string, object> { ["cairn.hook.no_outcome"] = true } }).ConfigureAwait(false);
        }
        else
        {
            await RememberAsync(permit).ConfigureAwait(false);
        }

        return permit.AskFirst is { } why
            ? HookAnswer.Of(call, HookVerdict.Ask, why)
            : HookAnswer.Of(call, options.Grants && permit.Way.IsAllowed ? HookVerdict.Grant : HookVerdict.Pass, policy?.Last?.Reason ?? "");
    }

    /// <summary>Records how a use of a tool came out; one that nobody announced is recorded whole, and said to be so.</summary>
    public void After()
    {
        var tool = HookTool.Of(call);
        var strict = new ActionRecords(outlet, keys, deciding.Time, strict: false);
        ActionUnderWay way;
        if (pending.Take(sessionKey, PendingUses.KeyOf(call, keys.KeyFor(part.Trace))) is { } use)
        {
            way = Revive(use);
        }
        else
        {
            way = ActionUnderWay.Propose(Propose(tool, call.Moment), deciding.Capture, deciding.Time);
            outlet.Emit(strict.Requested(way));
        }

        var failed = call.Moment == HookMoment.ToolFailed || call.IsError;
        outlet.Emit(strict.Completed(way, new ActionResult(failed ? ActionStatus.ToolError : ActionStatus.Ok)
        {
            ErrorCode = failed ? "tool_failed" : null,
            ErrorMessage = failed ? "the agent reported that the tool failed" : null,
            Output = call.Response,
            More = RecordedHook.VersionOf(tool.File, "after"),
        }));
    }

    /// <summary>Completes the uses that the agent told no outcome of: refused by its user, interrupted, or lost.</summary>
    /// <param name="subagent">Only those of this agent; null: of all.</param>
    public void GiveUp(string? subagent)
    {
        var records = new ActionRecords(outlet, keys, deciding.Time, strict: false);
        foreach (var use in pending.TakeAll(sessionKey, subagent))
        {
            outlet.Emit(records.Completed(Revive(use), new ActionResult(ActionStatus.Lost)
            {
                ErrorCode = "no_outcome",
                ErrorMessage = "the agent told no outcome; the tool may not have been used",
            }));
        }
    }

    private async Task RememberAsync(ActionPermit permit)
    {
        var action = permit.Way.Action;
        try
        {
            pending.Add(sessionKey, PendingUses.KeyOf(call, keys.KeyFor(part.Trace)), new PendingUse
            {
                Requested = permit.Requested,
                Span = permit.Way.Span,
                Started = deciding.Time.GetUtcNow(),
                Type = action.Type,
                Name = action.Name,
                Resource = action.Resource,
                Subagent = call.Subagent ?? "",
                Capture = permit.Way.Capture,
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await permit.CompleteAsync(new ActionResult(ActionStatus.Refused)
            {
                ErrorCode = "not_remembered",
                ErrorMessage = "the outcome could not have been recorded; the tool was not to be used",
            }).ConfigureAwait(false);
            part.End("failed", "the use of a tool could not be remembered", []);
            throw new IOException($"the use of a tool can't be remembered: {e.Message}", e);
        }
    }

    private ProposedAction Propose(HookTool tool, HookMoment moment)
    {
        var attributes = Attributes();
        attributes["gen_ai.tool.name"] = call.Tool;
        if (call.UseId is { } id)
        {
            attributes["gen_ai.tool.call.id"] = ResourceNames.Bounded(Redactor.RedactText(id), 128);
        }

        if (moment != HookMoment.BeforeTool)
        {
            attributes["cairn.hook.unannounced"] = true;
        }

        return new ProposedAction
        {
            Caller = part.Identity,
            Trace = part.Trace,
            Parent = session.Span,
            Task = session.Span,
            Type = tool.Type,
            Name = call.Tool,
            Resource = tool.Resource,
            Server = HookFormats.NameOf(call.Format),
            Writes = tool.Writes,
            Input = call.Input,
            InputMedia = call.IsPlainInput ? "text/plain" : "application/json",
            Arguments = call.IsPlainInput ? PlainArguments() : default,
            TakesCredential = false,
            CredentialAdvice = "a hook can hand no secret to the agent's tool; run the command through cairn exec, or the server through cairn mcp",
            More = moment == HookMoment.BeforeTool ? RecordedHook.VersionOf(tool.File, "before") : null,
            Attributes = attributes,
        };
    }

    /// <summary>What a policy sees of an input that came as a text of its own.</summary>
    private byte[] PlainArguments()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString(call.InputMember, System.Text.Encoding.UTF8.GetString(call.Input.Span));
            writer.WriteString("cwd"u8, call.WorkingDirectory ?? "");
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private ActionUnderWay Revive(PendingUse use)
    {
        var passed = deciding.Time.GetUtcNow() - use.Started;
        var ticks = (long)(Math.Max(0, passed.TotalSeconds) * deciding.Time.TimestampFrequency);
        return new ActionUnderWay
        {
            Action = new ProposedAction
            {
                Caller = part.Identity,
                Trace = part.Trace,
                Parent = session.Span,
                Task = session.Span,
                Type = use.Type,
                Name = use.Name,
                Resource = use.Resource,
                Attributes = new Dictionary<string, object>(StringComparer.Ordinal) { ["gen_ai.tool.name"] = use.Name },
            },
            Requested = use.Requested,
            Span = use.Span,
            Started = deciding.Time.GetTimestamp() - ticks,
            Capture = use.Capture,
            Secrets = new KnownSecrets(),
        };
    }

    private Dictionary<string, object> Attributes()
    {
        var attributes = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["gen_ai.conversation.id"] = ResourceNames.Bounded(Redactor.RedactText(call.Session), 128),
            ["cairn.hook.event"] = ResourceNames.Bounded(call.Event, 64),
        };
        if (call.Model is { } model)
        {
            attributes["gen_ai.request.model"] = ResourceNames.Bounded(Redactor.RedactText(model), 128);
        }

        if (call.Subagent is { } subagent)
        {
            attributes["cairn.hook.subagent"] = ResourceNames.Bounded(Redactor.RedactText(subagent), 128);
        }

        if (call.WorkingDirectory is { } folder)
        {
            attributes["process.working_directory"] = ResourceNames.Bounded(Redactor.RedactText(folder), 1024);
        }

        return attributes;
    }

    private sealed class Spoken(TextWriter log) : IProgress<string>
    {
        public void Report(string value) => log.WriteLine($"cairn: {value}");
    }
}
