using System.Text.Json;
using Cairn.Evidence.Records;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Changes;
using Cairn.Gateway.Tasks;
using Cairn.Sdk;

namespace Cairn.Gateway.Hooks;

/// <summary>
/// One call of a coding agent's hook: recorded in the session's trail and answered in the agent's format. The call before a
/// tool's use and the one after it are two processes; docs/hooks.md says how they find each other.
/// </summary>
public static class RecordedHook
{
    /// <summary>The largest file whose digest is taken before and after it is written.</summary>
    private const long LargestFile = 64L * 1024 * 1024;

    /// <summary>Whether a call is one that a policy decides about: no other needs one loaded.</summary>
    /// <param name="input">What the agent sent.</param>
    /// <param name="format">Whose it is; null: found out.</param>
    /// <exception cref="HookFormatException">It is no hook call.</exception>
    public static bool Decides(ReadOnlyMemory<byte> input, HookFormat? format) => HookCall.Parse(input, format).Moment == HookMoment.BeforeTool;

    /// <summary>Records a call and says what to answer. When this returns, its evidence is with the ledger (strict) or spooled.</summary>
    /// <param name="options">How.</param>
    /// <param name="deciding">What decides, and how much is kept.</param>
    /// <param name="emitter">Delivers the records. Not disposed.</param>
    /// <param name="keys">Keys of the trails.</param>
    /// <param name="input">What the agent sent.</param>
    /// <param name="log">Messages for people; never content.</param>
    /// <param name="ct">The agent gave up.</param>
    /// <exception cref="HookFormatException">What came in is no hook call; nothing is recorded.</exception>
    /// <exception cref="IOException">What has to be remembered between calls can't be.</exception>
    public static async Task<HookAnswer> RunAsync(
        HookOptions options, ActionPipelineOptions deciding, Emitter emitter, ITrailKeys keys, ReadOnlyMemory<byte> input, TextWriter log, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(deciding);
        ArgumentNullException.ThrowIfNull(emitter);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(log);
        var call = HookCall.Parse(input, options.Format);
        if (call.Moment == HookMoment.Other)
        {
            return HookAnswer.Noted(call);
        }

        var outlet = new EvidenceOutlet(emitter, deciding.Time, log);
        var sessions = new HookSessions(options.State);
        var key = HookSessions.KeyOf(call);
        var (session, isNew) = sessions.Open(key, options.Caller);
        var channel = $"hook/{HookFormats.NameOf(call.Format)}";
        var part = isNew
            ? TaskPart.Open(options, outlet, keys, channel, session.Trace, session.Caller, session.Span)
            : TaskPart.Open(options, outlet, keys, channel, session.Trace, session.Span, Evidence.SpanId.New());
        var work = new HookWork(options, deciding, outlet, keys, part, session, call, key, new PendingUses(options.State));
        var answer = HookAnswer.Noted(call);
        IReadOnlyList<Evidence.Submissions.EmitterCount> others = [];
        using var timeout = new CancellationTokenSource(options.FlushTimeout, deciding.Time);
        switch (call.Moment)
        {
            case HookMoment.SessionStarted:
                work.Note("agent", null);
                break;
            case HookMoment.Prompted:
                work.Note("prompt", call.Prompt);
                break;
            case HookMoment.BeforeTool:
                answer = await work.BeforeAsync(log, ct).ConfigureAwait(false);
                break;
            case HookMoment.AfterTool or HookMoment.ToolFailed:
                work.After();
                break;
            case HookMoment.TurnEnded:
                work.GiveUp(call.Subagent ?? "");
                break;
            default:
                work.GiveUp(null);
                sessions.Forget(key);
                others = options.Ledger is { } ledger ? await part.CountsAsync(ledger, log, timeout.Token).ConfigureAwait(false) : [];
                break;
        }

        part.End("done", isNew && call.Moment != HookMoment.SessionEnded ? "the session goes on in later hook calls" : null, others);
        await TaskPart.FlushAsync(emitter, log, timeout.Token).ConfigureAwait(false);
        return answer;
    }

    /// <summary>The version of a file as records have it: its digest. Null where it has none or is too large.</summary>
    internal static Action<Utf8JsonWriter>? VersionOf(string? file, string member)
    {
        if (file is null || FileDigest.Of(file, LargestFile) is not { } found)
        {
            return null;
        }

        return writer =>
        {
            writer.WriteStartObject(member);
            writer.WriteString("kind"u8, "digest"u8);
            writer.WriteString("value"u8, $"sha256:{found.Digest}");
            writer.WriteEndObject();
        };
    }
}
