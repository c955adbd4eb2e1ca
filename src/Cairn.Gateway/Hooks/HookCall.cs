using System.Text;
using System.Text.Json;

namespace Cairn.Gateway.Hooks;

/// <summary>What came in is no hook call of a format known here.</summary>
/// <param name="message">What was expected and what was found, without content.</param>
public sealed class HookFormatException(string message) : Exception(message);

/// <summary>A hook call, read.</summary>
internal sealed record HookCall
{
    private const int LongestName = 256;

    public required HookFormat Format { get; init; }

    public required HookMoment Moment { get; init; }

    /// <summary>The event's own name, such as <c>PreToolUse</c>.</summary>
    public required string Event { get; init; }

    /// <summary>The agent's id of the session.</summary>
    public required string Session { get; init; }

    /// <summary>The tool's name; empty where the event is about none.</summary>
    public string Tool { get; init; } = "";

    /// <summary>The agent's id of this use of the tool; null where it gives none.</summary>
    public string? UseId { get; init; }

    /// <summary>Which of several agents in the session; null for the main one.</summary>
    public string? Subagent { get; init; }

    /// <summary>The folder the agent works in; null where it does not say.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>The model's name; null where it is not told.</summary>
    public string? Model { get; init; }

    /// <summary>The tool's input as it came; for what Cursor sends apart, the one member that says what is done.</summary>
    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>The member that the input was.</summary>
    public string InputMember { get; init; } = "";

    /// <summary>Whether the input is a text of its own and no JSON.</summary>
    public bool IsPlainInput => InputMember != "tool_input";

    /// <summary>The tool's input, to look members up in.</summary>
    public JsonElement Arguments { get; init; }

    /// <summary>What the tool answered; null where nothing is told.</summary>
    public ReadOnlyMemory<byte>? Response { get; init; }

    /// <summary>Whether the answer itself says that the tool failed.</summary>
    public bool IsError { get; init; }

    /// <summary>The prompt; empty where there is none.</summary>
    public ReadOnlyMemory<byte> Prompt { get; init; }

    /// <summary>Reads what an agent sends on stdin.</summary>
    /// <param name="json">One JSON object.</param>
    /// <param name="format">Whose it is; null: found out.</param>
    /// <exception cref="HookFormatException">It is none of the formats.</exception>
    public static HookCall Parse(ReadOnlyMemory<byte> json, HookFormat? format)
    {
        JsonElement root;
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            root = document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new HookFormatException($"expected one JSON object on stdin, found none (line {e.LineNumber + 1}, byte {e.BytePositionInLine})");
        }

        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new HookFormatException($"expected a JSON object on stdin, found {root.ValueKind}");
        }

        var name = Required(root, "hook_event_name");
        var known = format ?? FormatOf(root, name);
        var session = known == HookFormat.Cursor ? Text(root, "conversation_id") ?? Text(root, "session_id") : Text(root, "session_id");
        var call = new HookCall
        {
            Format = known,
            Event = name,
            Moment = MomentOf(name),
            Session = session is { Length: > 0 } ? session : throw new HookFormatException(
                $"expected {(known == HookFormat.Cursor ? "conversation_id" : "session_id")} as a text in a {HookFormats.NameOf(known)} hook call, found none"),
            WorkingDirectory = Text(root, "cwd") ?? First(root, "workspace_roots"),
            Subagent = Text(root, "agent_id"),
            Model = Text(root, "model"),
            Prompt = Text(root, "prompt") is { } prompt ? Encoding.UTF8.GetBytes(prompt) : default,
        };
        return call.Moment is HookMoment.BeforeTool or HookMoment.AfterTool or HookMoment.ToolFailed ? WithTool(call, root) : call;
    }

    private static HookCall WithTool(HookCall call, JsonElement root)
    {
        // Cursor names some tools by the event and puts their input beside it.
        var (tool, input) = call.Event switch
        {
            "beforeShellExecution" or "afterShellExecution" => ("Shell", "command"),
            "beforeReadFile" => ("Read", "file_path"),
            "afterFileEdit" => ("Edit", "file_path"),
            _ => (Required(root, "tool_name"), "tool_input"),
        };
        if (!root.TryGetProperty(input, out var value) || value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined)
        {
            throw new HookFormatException($"expected {input} in {call.Event}, found none");
        }

        // Cursor gives some inputs as JSON in a text; the same before and after only when that is opened.
        var bytes = Encoding.UTF8.GetBytes(value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText());
        return call with
        {
            Tool = Capture.ResourceNames.Bounded(tool, LongestName),
            UseId = Text(root, "tool_use_id"),
            Input = bytes,
            InputMember = input,
            Arguments = input == "tool_input" ? value : root,
            Response = call.Moment == HookMoment.BeforeTool ? null : ResponseOf(root),
            IsError = root.TryGetProperty("tool_response", out var response) && response.ValueKind == JsonValueKind.Object
                && ((response.TryGetProperty("error", out var error) && error.ValueKind is JsonValueKind.String or JsonValueKind.Object)
                    || (response.TryGetProperty("is_error", out var isError) && isError.ValueKind == JsonValueKind.True)),
        };
    }

    private static ReadOnlyMemory<byte>? ResponseOf(JsonElement root)
    {
        foreach (var name in new[] { "tool_response", "tool_output", "result_json", "output", "edits", "error", "error_message" })
        {
            if (root.TryGetProperty(name, out var value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined))
            {
                return Encoding.UTF8.GetBytes(value.GetRawText());
            }
        }

        return null;
    }

    private static HookFormat FormatOf(JsonElement root, string name) => name switch
    {
        "BeforeTool" or "AfterTool" or "BeforeAgent" or "AfterAgent" => HookFormat.GeminiCli,
        _ when char.IsAsciiLetterLower(name[0]) => HookFormat.Cursor,
        _ when root.TryGetProperty("turn_id", out _) => HookFormat.Codex,

        // Session events are called the same by several; only Gemini CLI sends a time with them.
        _ when root.TryGetProperty("timestamp", out _) && !root.TryGetProperty("permission_mode", out _) => HookFormat.GeminiCli,
        _ => HookFormat.ClaudeCode,
    };

    private static HookMoment MomentOf(string name) => name switch
    {
        "SessionStart" or "sessionStart" => HookMoment.SessionStarted,
        "UserPromptSubmit" or "BeforeAgent" or "beforeSubmitPrompt" => HookMoment.Prompted,
        "PreToolUse" or "BeforeTool" or "preToolUse" or "beforeShellExecution" or "beforeMCPExecution" or "beforeReadFile" => HookMoment.BeforeTool,
        "PostToolUse" or "AfterTool" or "postToolUse" or "afterShellExecution" or "afterMCPExecution" or "afterFileEdit" => HookMoment.AfterTool,
        "PostToolUseFailure" or "postToolUseFailure" => HookMoment.ToolFailed,
        "Stop" or "SubagentStop" or "AfterAgent" or "stop" or "subagentStop" => HookMoment.TurnEnded,
        "SessionEnd" or "sessionEnd" => HookMoment.SessionEnded,
        _ => HookMoment.Other,
    };

    private static string Required(JsonElement root, string name) => Text(root, name) is { Length: > 0 } text
        ? text
        : throw new HookFormatException($"expected {name} as a text, found {(root.TryGetProperty(name, out var value) ? value.ValueKind.ToString() : "none")}");

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string? First(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0 && value[0].ValueKind == JsonValueKind.String
            ? value[0].GetString() : null;
}
