using System.Text.Json;
using Cairn.Gateway.Messages;

namespace Cairn.Gateway.Capture;

/// <summary>The values of <c>action.completed</c>'s status.</summary>
internal static class ActionStatus
{
    public const string Ok = "ok";
    public const string ToolError = "tool_error";
    public const string ProtocolError = "protocol_error";
    public const string Cancelled = "cancelled";
    public const string Refused = "refused";
    public const string Lost = "lost";
    public const string Accepted = "accepted";
}

/// <summary>How an action came out, as the answer says.</summary>
/// <param name="Status">One of <see cref="ActionStatus"/>.</param>
/// <param name="ErrorCode">The JSON-RPC code or a word for what failed; null when nothing did.</param>
/// <param name="ErrorMessage">What failed in the gateway's own words, or the peer's where content may be kept.</param>
/// <param name="Output">Where the answer's result or error stands in its line; null when there is none.</param>
/// <param name="TaskId">The handle under which the outcome will be known later; null when it is known now.</param>
/// <param name="ResultType">The result's <c>resultType</c> (MCP 2026-07-28); null when it has none.</param>
internal sealed record ActionOutcome(
    string Status, string? ErrorCode = null, string? ErrorMessage = null, ValueSpan? Output = null, string? TaskId = null, string? ResultType = null)
{
    /// <summary>Reads the outcome from an answer.</summary>
    /// <param name="answer">A response.</param>
    /// <param name="line">Its line.</param>
    /// <param name="peersWords">Messages of the peer may be repeated: the capture profile keeps content.</param>
    public static ActionOutcome Of(McpMessage answer, ReadOnlySpan<byte> line, bool peersWords)
    {
        if (answer["error"] is { } error)
        {
            return OfError(answer, "error", error, line, peersWords);
        }

        var resultType = answer.Text("result.resultType", line);
        var result = answer["result"];
        var taskId = resultType == "task" ? answer.Text("result.taskId", line) : answer.Text("result.task.taskId", line);
        if (taskId is not null)
        {
            return new ActionOutcome(ActionStatus.Accepted, Output: result, TaskId: taskId, ResultType: resultType);
        }

        // The server asks for input and ends the request; the client repeats it with the input as a new request
        // (MCP 2026-07-28, Multi Round-Trip Requests).
        if (resultType == "input_required")
        {
            return new ActionOutcome(ActionStatus.Accepted, Output: result, ResultType: resultType);
        }

        return answer.IsTrue("result.isError")
            ? new ActionOutcome(ActionStatus.ToolError, "tool_error", "the tool reported an error", result, ResultType: resultType)
            : new ActionOutcome(ActionStatus.Ok, Output: result, ResultType: resultType);
    }

    /// <summary>Reads the final outcome of an accepted task from what <c>tasks/get</c> or a status notification says; null while it is still open.</summary>
    /// <param name="message">The response or notification.</param>
    /// <param name="root">The member that holds the task: <c>result</c> or <c>params</c>.</param>
    /// <param name="line">Its line.</param>
    /// <param name="peersWords">Messages of the peer may be repeated: the capture profile keeps content.</param>
    public static ActionOutcome? OfTask(McpMessage message, string root, ReadOnlySpan<byte> line, bool peersWords)
    {
        switch (message.Text(root + ".status", line))
        {
            // Under 2025-11-25 the result is fetched apart, by tasks/result.
            case "completed" when message[root + ".result"] is { } result:
                return message.IsTrue(root + ".result.isError")
                    ? new ActionOutcome(ActionStatus.ToolError, "tool_error", "the tool reported an error", result)
                    : new ActionOutcome(ActionStatus.Ok, Output: result);
            case "failed":
                return message[root + ".error"] is { } error
                    ? OfError(message, root + ".error", error, line, peersWords)
                    : new ActionOutcome(ActionStatus.ProtocolError, "task_failed", "the task failed");
            case "cancelled":
                return new ActionOutcome(ActionStatus.Cancelled, "task_cancelled", "the task was cancelled");
            default:
                return null;
        }
    }

    private static ActionOutcome OfError(McpMessage message, string path, ValueSpan error, ReadOnlySpan<byte> line, bool peersWords)
    {
        var code = message[path + ".code"] is { Type: JsonTokenType.Number } number
            ? ResourceNames.Bounded(System.Text.Encoding.ASCII.GetString(number.In(line)), 16)
            : "none";
        var said = peersWords ? message.Text(path + ".message", line) : null;
        return new ActionOutcome(ActionStatus.ProtocolError, code, said is null ? Meaning(code) : ResourceNames.Bounded(said, 512), error);
    }

    private static string Meaning(string code) => code switch
    {
        "-32700" => "parse error",
        "-32600" => "invalid request",
        "-32601" => "method not found",
        "-32602" => "invalid params",
        "-32603" => "internal error",
        "-32002" => "resource not found",
        "-32042" => "URL elicitation required",
        "-32021" => "missing required client capability",
        "-32022" => "unsupported protocol version",
        _ => "the peer answered with an error",
    };
}
