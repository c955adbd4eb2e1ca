using System.Buffers;
using System.Text;
using System.Text.Json;
using Cairn.Gateway.Admission;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Framing;
using Cairn.Gateway.Messages;
using Cairn.Identity.Credentials;

namespace Cairn.Gateway.Forwarding;

/// <summary>
/// Forwards the lines of one direction in which the pipeline is asked about something. Decisions that are quick keep the
/// order of the lines; a message that a human is asked about, or whose decision or credential takes long, steps aside
/// and is forwarded, answered or dropped when its time comes (docs/decisions/0046).
/// </summary>
internal sealed class GuardedForwarding(
    Direction direction, Conversation conversation, ActionPipeline pipeline, WaitingRoom room, LineWriter target, LineWriter sender, GatewayOptions options, TextWriter log)
{
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _aside = [];
    private readonly Dictionary<MessageAdmission, WaitingNotice> _notices = [];
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Fails when a message that stepped aside could not be dealt with.</summary>
    public Task Failed => _failed.Task;

    /// <summary>Messages that have stepped aside.</summary>
    public int Aside
    {
        get
        {
            lock (_gate)
            {
                return _aside.Count;
            }
        }
    }

    /// <summary>Completes when what has stepped aside is forwarded, answered or dropped.</summary>
    public Task SettledAsync()
    {
        lock (_gate)
        {
            return Task.WhenAll(_aside);
        }
    }

    /// <summary>Asks the pipeline about a line's messages; all of them are under way when this returns.</summary>
    /// <param name="guard">The line's messages.</param>
    public void Start(PassageGuard guard)
    {
        foreach (var admission in guard.Admissions)
        {
            WaitingNotice? notice = null;
            if (admission.ProgressToken is { } token)
            {
                notice = new WaitingNotice(token, sender);
                lock (_gate)
                {
                    _notices[admission] = notice;
                }
            }

            admission.Start(pipeline, notice, log);
        }
    }

    /// <summary>Forwards what may pass of a line and answers what may not; returns when the next line's turn has come.</summary>
    public async ValueTask ForwardAsync(Passage passage, PassageGuard guard, CancellationToken ct)
    {
        var splices = guard.Messages.Where(m => !guard.Dropped.Contains(m)).ToDictionary(m => m, m => guard.Changes.GetValueOrDefault(m, []));
        var patience = guard.Admissions.All(a => a.Authorized.IsCompleted) ? Task.CompletedTask : Task.Delay(options.OrderPatience, options.Time, ct);
        var (toSender, toTarget) = (new List<byte[]>(), new List<byte[]>());
        foreach (var admission in guard.Admissions)
        {
            splices.Remove(admission.Message);
            await Task.WhenAny(admission.Authorized, admission.AsksHuman, patience).ConfigureAwait(false);
            ct.ThrowIfCancellationRequested();
            if (!admission.Authorized.IsCompleted)
            {
                StepAside(admission, passage, ct);
            }
            else if (await SettleAsync(admission, toSender, toTarget, ct).ConfigureAwait(false) is { } changes)
            {
                splices[admission.Message] = changes;
            }
        }

        await WriteAsync(sender, toSender, passage.IsBatch, ct).ConfigureAwait(false);
        await WriteAsync(target, toTarget, passage.IsBatch, ct).ConfigureAwait(false);
        foreach (var earlier in guard.Follows)
        {
            await earlier.Written.WaitAsync(ct).ConfigureAwait(false);
        }

        var bytes = LineAssembly.Of(passage.Line.Bytes, passage.Line.Message, guard.Messages, passage.IsBatch, m => splices.GetValueOrDefault(m));
        if (!bytes.IsEmpty)
        {
            await target.WriteAsync(bytes, ct).ConfigureAwait(false);
        }

        foreach (var admission in guard.Admissions.Where(a => splices.ContainsKey(a.Message)))
        {
            admission.Settle();
        }
    }

    private void StepAside(MessageAdmission admission, Passage passage, CancellationToken ct)
    {
        // A line of its own is handed over; a message of a batch is copied out of it.
        var start = passage.IsBatch ? admission.Message.Object.Start : 0;
        var line = passage.IsBatch ? Line.Copy(admission.Message.Object.In(passage.Line.Bytes.Span)) : passage.Line;
        passage.KeepsLine |= !passage.IsBatch;
        room.Enter(line.Length);
        var task = PassLaterAsync(admission, line, start, passage.IsBatch, ct);
        lock (_gate)
        {
            _aside.Add(task);
        }

        _ = task.ContinueWith(Left, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void Left(Task task)
    {
        lock (_gate)
        {
            _aside.Remove(task);
        }

        if (task.Exception is { } failure)
        {
            _failed.TrySetException(failure.InnerExceptions);
        }
    }

    private async Task PassLaterAsync(MessageAdmission admission, Line line, int start, bool isBatch, CancellationToken ct)
    {
        try
        {
            var (toSender, toTarget) = (new List<byte[]>(), new List<byte[]>());
            if (await SettleAsync(admission, toSender, toTarget, ct).ConfigureAwait(false) is { } changes)
            {
                var bytes = changes.Count == 0 ? line.Bytes : LineSplice.Apply(line.Bytes.Span, changes, start);
                await target.WriteAsync(isBatch ? (byte[])[(byte)'[', .. bytes.Span, .. "]\n"u8] : bytes, ct).ConfigureAwait(false);
            }

            await WriteAsync(sender, toSender, isBatch, ct).ConfigureAwait(false);
            await WriteAsync(target, toTarget, isBatch, ct).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The run is given up; what is open then is recorded by the conversation.
        }
        finally
        {
            admission.Settle();
            room.Leave(line.Length);
            line.Dispose();
        }
    }

    /// <summary>Waits for the verdict and acts upon it.</summary>
    /// <returns>The changes with which the message passes; null when it does not.</returns>
    private async ValueTask<IReadOnlyList<LineSplice>?> SettleAsync(MessageAdmission admission, List<byte[]> toSender, List<byte[]> toTarget, CancellationToken ct)
    {
        var verdict = await admission.Verdict.WaitAsync(ct).ConfigureAwait(false);
        await EndNoticesAsync(admission).WaitAsync(ct).ConfigureAwait(false);
        switch (verdict)
        {
            case AdmissionVerdict.Admitted admitted when conversation.TryPass(admission):
                return SplicesOf(admission, admitted);
            case AdmissionVerdict.Refused refused:
                // Whoever waits for the message's effect is told: the sender of a request, the receiver of an answer.
                (admission.Request is null ? toTarget : toSender).Add(conversation.Refuse(direction, admission, refused));
                break;
            case AdmissionVerdict.Withdrawn:
                conversation.Withdrawn(admission);
                break;
            default:
                // Permitted, and withdrawn in the same moment: the conversation has recorded that.
                break;
        }

        admission.Settle();
        return null;
    }

    private Task EndNoticesAsync(MessageAdmission admission)
    {
        lock (_gate)
        {
            return _notices.Remove(admission, out var notice) ? notice.CloseAsync() : Task.CompletedTask;
        }
    }

    private IReadOnlyList<LineSplice> SplicesOf(MessageAdmission admission, AdmissionVerdict.Admitted admitted)
    {
        if (admission.Meta is not { } meta)
        {
            return [];
        }

        var permit = admitted.Permits[0];
        var set = new List<(string Name, byte[] Json)>(2);
        if (admission.PassesTrace)
        {
            set.Add(("traceparent", Encoding.ASCII.GetBytes($"\"{permit.Context with { Flags = admission.TraceFlags }}\"")));
        }

        if (permit.Credential is { } credential)
        {
            set.Add((options.CredentialMember, JsonOf(credential)));
        }

        return meta.Splices(set, options.CredentialMember);
    }

    /// <summary>A credential as a server gets it in a request's metadata.</summary>
    internal static byte[] JsonOf(IssuedCredential credential)
    {
        var buffer = new ArrayBufferWriter<byte>(credential.Token.Length + 64);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("token"u8, credential.Token);
            writer.WriteString("token_type"u8, credential.TokenType);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static async ValueTask WriteAsync(LineWriter writer, List<byte[]> answers, bool asBatch, CancellationToken ct)
    {
        if (answers.Count > 0)
        {
            await writer.WriteAsync(RefusalReply.Lines(answers, asBatch), ct).ConfigureAwait(false);
        }
    }
}
