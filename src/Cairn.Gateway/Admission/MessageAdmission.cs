using System.Diagnostics.CodeAnalysis;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Messages;

namespace Cairn.Gateway.Admission;

/// <summary>
/// One message on its way through the pipeline: a request that is an action, or an answer that asks its receiver for
/// input. It passes, is refused or is withdrawn, and only one of the three: whoever comes first decides. Its state is
/// under the conversation's lock.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A source of cancellation without timer and wait handle holds nothing that must be given back.")]
internal sealed class MessageAdmission
{
    private readonly CancellationTokenSource _withdrawing = new();
    private readonly TaskCompletionSource _authorized = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _asks = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<AdmissionVerdict> _verdict = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _cancelling = Task.CompletedTask;
    private bool _isWithdrawn;

    /// <summary>The message; its spans count in the line that it was read in.</summary>
    public required McpMessage Message { get; init; }

    /// <summary>The id of the request, or of the request that is answered.</summary>
    public required MessageId Id { get; init; }

    /// <summary>The method of the request, or of the request that is answered.</summary>
    public required string Method { get; init; }

    /// <summary>The request; null where the message is an answer.</summary>
    public PendingRequest? Request { get; set; }

    /// <summary>What it does: one action for a request, one for each input that an answer asks for.</summary>
    public IReadOnlyList<OpenAction> Actions { get; init; } = [];

    /// <summary>What is known without asking; null: the pipeline is asked.</summary>
    public ActionRefusal? Known { get; init; }

    /// <summary>The caller may be shown a tool's result.</summary>
    public bool ShowsToolResult { get; init; }

    /// <summary>The members of its <c>params._meta</c>; null where nothing is set there.</summary>
    public MetaMembers? Meta { get; init; }

    /// <summary>The trace parent is passed on.</summary>
    public bool PassesTrace { get; init; }

    /// <summary>The caller's trace flags.</summary>
    public byte TraceFlags { get; init; } = 1;

    /// <summary>The <c>progressToken</c> that keeps its sender alive, as JSON; null where it gave none.</summary>
    public byte[]? ProgressToken { get; init; }

    /// <summary>It has passed, or is being written: an answer to it may come.</summary>
    public bool HasPassed { get; private set; }

    /// <summary>Why it was withdrawn, where the gateway did that; null where its sender did.</summary>
    public string? WithdrawnByGateway { get; private set; }

    /// <summary>Completes when only evidence is waited for any more, and with the verdict at the latest.</summary>
    public Task Authorized => _authorized.Task;

    /// <summary>Completes when a human is asked.</summary>
    public Task AsksHuman => _asks.Task;

    /// <summary>What the pipeline said.</summary>
    public Task<AdmissionVerdict> Verdict => _verdict.Task;

    /// <summary>Completes when the message has been written to its receiver, or certainly will not be.</summary>
    public Task Written => _written.Task;

    /// <summary>Asks the pipeline, on a thread of its own: a decision that takes long holds up no reader.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="waiting">Told while a human's approval is waited for.</param>
    /// <param name="log">Messages for people.</param>
    public void Start(ActionPipeline pipeline, IProgress<string>? waiting, TextWriter log) =>
        _ = Task.Run(() => RunAsync(pipeline, new Asking(this, waiting), log));

    /// <summary>Takes the message back.</summary>
    /// <param name="why">Why, for its records.</param>
    /// <param name="byGateway">The gateway's own doing: the sender still waits for an answer.</param>
    /// <returns>False when it has passed already.</returns>
    public bool Withdraw(string why, bool byGateway)
    {
        if (HasPassed)
        {
            return false;
        }

        if (!_isWithdrawn)
        {
            _isWithdrawn = true;
            WithdrawnByGateway = byGateway ? why : null;
            foreach (var action in Actions)
            {
                action.Way.WithdrawnBecause ??= why;
            }

            _cancelling = _withdrawing.CancelAsync();
        }

        return true;
    }

    /// <summary>Lets it pass, unless it was withdrawn in the meantime.</summary>
    public bool TryPass()
    {
        HasPassed = !_isWithdrawn;
        return HasPassed;
    }

    /// <summary>The message is with its receiver, or will not be.</summary>
    public void Settle() => _written.TrySetResult();

    [SuppressMessage("Design", "CA1031", Justification = "Whatever fails here is a refusal, named in the log and to the caller: nothing may pass because it failed.")]
    private async Task RunAsync(ActionPipeline pipeline, Asking waiting, TextWriter log)
    {
        try
        {
            _verdict.TrySetResult(await AskAsync(pipeline, waiting).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (_withdrawing.IsCancellationRequested)
        {
            _verdict.TrySetResult(new AdmissionVerdict.Withdrawn());
        }
        catch (Exception e)
        {
            await log.WriteLineAsync($"cairn: {Method} could not be decided about: {e.GetType().Name}: {e.Message}").ConfigureAwait(false);
            _verdict.TrySetResult(new AdmissionVerdict.Refused(
                new ActionRefusal("evidence_unavailable", $"the gateway could not record the decision ({e.GetType().Name})"), null, []));
        }
        finally
        {
            _authorized.TrySetResult();
            await _cancelling.ConfigureAwait(false);
        }
    }

    private async Task<AdmissionVerdict> AskAsync(ActionPipeline pipeline, Asking waiting)
    {
        if (Known is { } known)
        {
            return new AdmissionVerdict.Refused(known, null, []);
        }

        var permits = new List<ActionPermit>(Actions.Count);
        ActionPermit? refused = null;
        foreach (var action in Actions)
        {
            if (refused is not null)
            {
                // One refused input refuses the answer; nobody is asked about the others, and their records say so.
                await RecordUnaskedAsync(pipeline, action).ConfigureAwait(false);
                continue;
            }

            var isLast = permits.Count == Actions.Count - 1;
            var permit = await pipeline.BeginAsync(
                action.Way, waiting, isLast ? () => _authorized.TrySetResult() : null, _withdrawing.Token).ConfigureAwait(false);
            permits.Add(permit);
            refused = permit.Refusal is null ? null : permit;
        }

        return refused is null
            ? new AdmissionVerdict.Admitted(permits)
            : new AdmissionVerdict.Refused(refused.Refusal!, refused.Requested.ToString(), [.. Actions.Take(permits.Count - 1)]);
    }

    private static async Task RecordUnaskedAsync(ActionPipeline pipeline, OpenAction action)
    {
        action.Way.WithdrawnBecause = "another input that the same answer asks for was refused";
        try
        {
            await pipeline.BeginAsync(action.Way, null, null, new CancellationToken(canceled: true)).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // That is how a withdrawn action ends; it is recorded.
        }
    }

    /// <summary>Notes that a human is asked, and passes the words on.</summary>
    private sealed class Asking(MessageAdmission admission, IProgress<string>? waiting) : IProgress<string>
    {
        public void Report(string value)
        {
            admission._asks.TrySetResult();
            waiting?.Report(value);
        }
    }
}
