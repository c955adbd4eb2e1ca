using Cairn.Gateway.Admission;
using Cairn.Gateway.Messages;

namespace Cairn.Gateway.Capture;

/// <summary>The gateway's own answers, in words for people (docs/decisions/0040).</summary>
internal static class Refusals
{
    /// <summary>For a line that can't be understood in exactly one way.</summary>
    public static byte[] NotUnderstood(ScannedLine scanned, MessageViolation violation)
    {
        var text = $"{violation.Text} (byte {violation.Offset}); the message was not passed on";
        var ids = scanned.Messages.Where(m => m is { Kind: MessageKind.Request, Id: not null }).Select(m => m.Id).ToList();
        return ids.Count == 0
            ? ErrorReply.Line(null, violation.Code, text, violation.Reason)
            : ErrorReply.Lines([.. ids.Select(id => (id, violation.Code, text, violation.Reason))], scanned.IsBatch);
    }

    /// <summary>For requests beyond the bound of unanswered ones.</summary>
    public static byte[] TooMany(ScannedLine scanned, int unanswered) => ErrorReply.Lines(
        [.. scanned.Messages.Where(m => m.Kind == MessageKind.Request).Select(m => (
            m.Id, ErrorReply.TooManyRequests, $"{unanswered} requests are unanswered; this one was not passed on", "too_many_requests"))],
        scanned.IsBatch);

    /// <summary>For requests whose evidence could not be recorded.</summary>
    public static byte[] WithoutEvidence(IReadOnlyList<PendingRequest> requests, string reason, bool asBatch) => requests.Count == 0 ? [] : ErrorReply.Lines(
        [.. requests.Select(r => (
            (MessageId?)r.Id, ErrorReply.EvidenceUnavailable,
            $"{r.Method} was refused: its evidence could not be recorded ({reason}). It was not passed on; try again later.", "evidence_unavailable"))],
        asBatch);

    /// <summary>In place of answers that ask for input whose evidence could not be recorded.</summary>
    public static byte[] Withheld(IReadOnlyList<MessageId> ids, string reason, bool asBatch) => ids.Count == 0 ? [] : ErrorReply.Lines(
        [.. ids.Select(id => (
            (MessageId?)id, ErrorReply.EvidenceUnavailable,
            $"the server asks for input, and evidence of that could not be recorded ({reason}). Its answer was not passed on; try again later.", "evidence_unavailable"))],
        asBatch);

    /// <summary>For a message that authority was refused to, as one JSON object.</summary>
    /// <param name="admission">The message.</param>
    /// <param name="refused">Why.</param>
    /// <param name="protocol">The revision spoken; null before either side said.</param>
    public static byte[] NotPermitted(MessageAdmission admission, AdmissionVerdict.Refused refused, string? protocol)
    {
        var (code, why) = refused.Refusal;
        var subject = admission.Request is null
            ? $"{admission.Method}: the server asks for input, and that was refused: {why}. Its answer was not passed on"
            : code == "evidence_unavailable" ? $"{admission.Method} was refused: its evidence could not be recorded ({why}). It was not passed on; try again later"
            : $"{admission.Method} was refused: {why}. It was not passed on";
        var reply = new RefusalReply(admission.Id, code, subject + ".", refused.Action);
        return admission.ShowsToolResult && code is not ("evidence_unavailable" or "too_many_waiting") ? reply.AsToolResult(protocol) : reply.AsError();
    }

    /// <summary>For requests that the server will not answer any more.</summary>
    public static byte[] ServerEnded(IReadOnlyList<PendingRequest> requests, string ending) => requests.Count == 0 ? [] : ErrorReply.Lines(
        [.. requests.Select(r => (
            (MessageId?)r.Id, ErrorReply.PeerEnded, $"the server ended before it answered {r.Method}: {ending}", "server_ended"))],
        asBatch: false);
}
