using System.Collections.Frozen;
using Cairn.Gateway.Forwarding;
using Cairn.Gateway.Messages;

namespace Cairn.Gateway.Capture;

/// <summary>What a request does, as far as its method tells.</summary>
/// <param name="Type">The action's type (DESIGN: tool.call, data.read, model.call, message.send …).</param>
/// <param name="Operation">OpenTelemetry's <c>gen_ai.operation.name</c> where there is one for it.</param>
/// <param name="Writes">False when the method never changes anything; null when it depends.</param>
/// <param name="Splices">The trace parent is passed on in <c>params._meta</c>.</param>
internal sealed record ActionMethod(string Type, string? Operation, bool? Writes, bool Splices);

/// <summary>
/// Which requests are actions. Requests of methods that this table does not know are recorded too, as messages sent,
/// because nobody can say that they do nothing; they pass unchanged.
/// </summary>
internal static class McpMethods
{
    public const string ToolsCall = "tools/call";
    public const string ToolsList = "tools/list";
    public const string ResourcesRead = "resources/read";
    public const string PromptsGet = "prompts/get";
    public const string Sampling = "sampling/createMessage";
    public const string Elicitation = "elicitation/create";
    public const string Initialize = "initialize";
    public const string Discover = "server/discover";
    public const string Cancelled = "notifications/cancelled";
    public const string TasksGet = "tasks/get";
    public const string TasksResult = "tasks/result";
    public const string TasksCancel = "tasks/cancel";

    private static readonly FrozenDictionary<string, ActionMethod> FromClient = new Dictionary<string, ActionMethod>
    {
        [ToolsCall] = new("tool.call", "execute_tool", null, true),
        [ResourcesRead] = new("data.read", null, false, true),
        [PromptsGet] = new("data.read", null, false, true),
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, ActionMethod> FromServer = new Dictionary<string, ActionMethod>
    {
        [Sampling] = new("model.call", "chat", null, false),
        [Elicitation] = new("message.send", null, null, false),
    }.ToFrozenDictionary();

    /// <summary>Requests of any revision from 2024-11-05 to 2026-07-28 that ask, list, subscribe or keep the connection.</summary>
    private static readonly FrozenSet<string> Harmless = new[]
    {
        Initialize, Discover, "ping", ToolsList, "resources/list", "resources/templates/list", "prompts/list",
        "resources/subscribe", "resources/unsubscribe", "subscriptions/listen", "completion/complete", "logging/setLevel",
        "roots/list", TasksGet, TasksResult, TasksCancel, "tasks/update", "tasks/list",
    }.ToFrozenSet();

    private static readonly ActionMethod Unknown = new("message.send", null, null, false);

    /// <summary>How a request is recorded; null when it is no action.</summary>
    public static ActionMethod? ActionOf(string method, Direction direction)
    {
        var known = direction == Direction.ClientToServer ? FromClient : FromServer;
        return known.TryGetValue(method, out var action) ? action : Harmless.Contains(method) ? null : Unknown;
    }

    /// <summary>An action sent as a notification: it would be done or not, and nobody could ever tell. Null when there is none.</summary>
    public static MessageViolation? Unanswerable(Direction direction, ScannedLine scanned)
    {
        var actions = direction == Direction.ClientToServer ? FromClient : FromServer;
        var message = scanned.Messages.FirstOrDefault(m => m is { Kind: MessageKind.Notification, Method: not null } && actions.ContainsKey(m.Method));
        return message is null ? null : MessageViolation.Shape($"{message.Method} needs an id, so that it can be answered", message.Object.Start);
    }
}
