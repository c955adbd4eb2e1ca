using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Messages;

namespace Cairn.HttpGateway.Replies;

/// <summary>What a caller is answered whose call is not done, or not answered by its server.</summary>
internal static class RefusalReplies
{
    /// <summary>The session is none of this caller's.</summary>
    public const int UnknownSession = -31007;

    /// <summary>The caller cancelled the request before it was passed on.</summary>
    public const int Cancelled = -31008;

    /// <summary>HTTP headers and body say different things (MCP 2026-07-28, Streamable HTTP §Server Validation).</summary>
    public const int HeaderMismatch = -32020;

    /// <summary>
    /// The answer to a refused request. A tool call's is a tool result that says it failed, because that is what clients
    /// show to model and user; evidence that can't be kept is an error, because it may be tried again.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="permit">Its refused permit.</param>
    /// <param name="protocol">The revision spoken; null before either side said.</param>
    public static byte[] Refused(PendingRequest request, ActionPermit permit, string? protocol)
    {
        var (code, why) = permit.Refusal ?? throw new ArgumentException("the action was not refused", nameof(permit));
        var text = code switch
        {
            "evidence_unavailable" => $"{request.Method} was refused: its evidence could not be recorded ({why}). It was not passed on; try again later.",
            _ when request.Method == McpMethods.ToolsCall => $"This call was not done. {why}",
            _ => $"{request.Method} was not passed on: {why}",
        };
        var reply = new RefusalReply(request.Id, code, text, permit.Requested.ToString());
        return request.Method == McpMethods.ToolsCall && code != "evidence_unavailable" ? reply.AsToolResult(protocol) : reply.AsError();
    }

    /// <summary>One error for each of several requests: one message, or an array where a batch was sent.</summary>
    public static byte[] Errors(IEnumerable<PendingRequest> requests, int code, string message, string reason, bool asBatch) =>
        ErrorReply.Lines([.. requests.Select(r => ((MessageId?)r.Id, code, message, reason))], asBatch);
}
