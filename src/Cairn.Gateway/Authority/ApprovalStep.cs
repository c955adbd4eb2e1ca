using System.Globalization;
using System.Text;
using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;
using Cairn.Gateway.Approvals;
using Cairn.Policy;
using Cairn.Sdk;

namespace Cairn.Gateway.Authority;

/// <summary>
/// The step in which a human is asked: <c>approval.requested</c> is durable before anybody sees the request,
/// <c>approval.recorded</c> before anything follows from the answer.
/// </summary>
internal sealed class ApprovalStep(ActionPipelineOptions options, ActionEmission emission, ITrailKeys keys)
{
    /// <summary>Asks for approval of an action and waits.</summary>
    /// <returns>The request and the record of its yes; or why the action must not be done.</returns>
    /// <exception cref="OperationCanceledException">The caller gave up; that is recorded.</exception>
    public async ValueTask<(ApprovalRequest? Request, RecordId Recorded, ActionRefusal? Refusal)> AskAsync(
        ActionUnderWay way, PolicyDecision decision, IProgress<string>? waiting, CancellationToken cancellationToken)
    {
        if (options.Approvals is not { } desk)
        {
            return (null, default, new ActionRefusal("approval_unavailable", "approval is needed and there is no desk where it could be given"));
        }

        var request = RequestOf(way, decision);
        if (await emission.DurableAsync(Requested(way, request)).ConfigureAwait(false) is { } unavailable)
        {
            return (null, default, new ActionRefusal("evidence_unavailable", unavailable));
        }

        ApprovalAnswer answer;
        try
        {
            answer = await desk.AskAsync(request, waiting, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await emission.DurableAsync(Recorded(way, request, ApprovalAnswer.Nobody(ApprovalOutcome.Withdrawn, "the caller gave up"), out _)).ConfigureAwait(false);
            throw;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            // The desk itself failed: nobody can have answered.
            await options.Log.WriteLineAsync($"cairn: an approval can't be waited for: {e.Message}").ConfigureAwait(false);
            answer = ApprovalAnswer.Nobody(ApprovalOutcome.Withdrawn, "the approval desk failed");
        }

        var recorded = Recorded(way, request, answer, out var id);
        if (await emission.DurableAsync(recorded).ConfigureAwait(false) is { } lost)
        {
            return (null, default, new ActionRefusal("evidence_unavailable", lost));
        }

        return answer.Outcome == ApprovalOutcome.Approved ? (request, id, null) : (null, id, RefusalOf(answer));
    }

    /// <summary>Whether what is about to be done is still exactly what was approved: the digest, computed anew from the action and the bundle in use.</summary>
    public bool Holds(ApprovalRequest approved, ActionUnderWay way, PolicyDecision decision)
    {
        var key = keys.KeyFor(way.Action.Trace);
        var document = ApprovalRequest.DocumentOf(way.Action, decision.Bundle, key, approved.Id);
        return ApprovalRequest.DigestOf(document, key, approved.Id) == approved.ActionDigest;
    }

    private ApprovalRequest RequestOf(ActionUnderWay way, PolicyDecision decision)
    {
        var now = options.Time.GetUtcNow();
        var id = RecordId.New(now);
        var key = keys.KeyFor(way.Action.Trace);
        var document = ApprovalRequest.DocumentOf(way.Action, decision.Bundle, key, id);
        return new ApprovalRequest
        {
            Id = id,
            Trace = way.Action.Trace,
            Document = document,
            ActionDigest = ApprovalRequest.DigestOf(document, key, id),
            Approvers = decision.Approvers,
            Reason = DecisionRecord.Shown(decision.Reason),
            Requested = now,
            Expires = now + (decision.ApprovalTimeout ?? options.ApprovalTimeout),
            Input = way.Secrets.Bound(way.Capture, way.Action.Input.Span) == CaptureProfile.Metadata || way.Action.Input.Length > 64 * 1024
                ? null : Encoding.UTF8.GetString(Redactor.RedactContent(way.Action.Input, out _).Span),
        };
    }

    private static RecordDraft Requested(ActionUnderWay way, ApprovalRequest request) =>
        ActionRecords.Draft(RecordKinds.ApprovalRequested, way, request.Id, [], null, writer =>
        {
            writer.WriteString("action"u8, way.Requested.ToString());
            writer.WriteString("action_digest"u8, $"hmac-sha256:{request.ActionDigest}");
            writer.WriteStartArray("approvers"u8);
            foreach (var approver in request.Approvers)
            {
                writer.WriteStringValue(approver);
            }

            writer.WriteEndArray();
            writer.WriteString("reason"u8, request.Reason);
            writer.WriteString("expires"u8, request.Expires.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
        });

    private RecordDraft Recorded(ActionUnderWay way, ApprovalRequest request, ApprovalAnswer answer, out RecordId id)
    {
        id = emission.NewId();
        HeldCommitment? comment = null;
        IReadOnlyList<SealedContent> contents = [];
        if (answer.Comment is { } words)
        {
            (comment, contents) = ContentCapture.Hold(way.Capture, keys, way.Action.Trace, id, "comment", "text/plain", Encoding.UTF8.GetBytes(words));
        }

        var attributes = new Dictionary<string, object>(StringComparer.Ordinal);
        if (answer.UserId is { } user)
        {
            attributes["cairn.approval.uid"] = (long)user;
            attributes["cairn.approval.own_user"] = user == Processes.UnixSignal.UserId;
        }

        if (answer.Reason is not null)
        {
            attributes["cairn.approval.reason"] = answer.Reason;
        }

        return ActionRecords.Draft(RecordKinds.ApprovalRecorded, way, id, contents, attributes.Count == 0 ? null : attributes, writer =>
        {
            writer.WriteString("requested"u8, request.Id.ToString());
            writer.WriteString("action_digest"u8, $"hmac-sha256:{request.ActionDigest}");
            writer.WriteString("decision"u8, answer.Outcome switch
            {
                ApprovalOutcome.Approved => "approved",
                ApprovalOutcome.Denied => "denied",
                ApprovalOutcome.Expired => "expired",
                _ => "withdrawn",
            });
            writer.WriteString("approver"u8, answer.Approver);
            writer.WriteString("authenticated"u8, answer.Authenticated);
            comment?.WriteTo(writer, "comment");
        });
    }

    private static ActionRefusal RefusalOf(ApprovalAnswer answer) => answer.Outcome switch
    {
        ApprovalOutcome.Denied => new ActionRefusal("approval_denied", $"{answer.Approver} did not approve it"),
        ApprovalOutcome.Expired => new ActionRefusal("approval_expired", "nobody approved it in time"),
        _ => new ActionRefusal("approval_withdrawn", answer.Reason ?? "the approval was withdrawn"),
    };
}
