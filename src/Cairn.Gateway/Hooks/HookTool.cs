using System.Text.Json;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Changes;
using Cairn.Sdk;

namespace Cairn.Gateway.Hooks;

/// <summary>A coding agent's tool as an action.</summary>
/// <param name="Type">The kind of act.</param>
/// <param name="Resource">What is acted upon, without secrets.</param>
/// <param name="Writes">Whether it may change something; null when nobody knows.</param>
/// <param name="File">The one file that it changes; null when it is none or not known.</param>
internal sealed record HookTool(string Type, string Resource, bool? Writes, string? File = null)
{
    /// <summary>Describes the tool of a call.</summary>
    public static HookTool Of(HookCall call) => call.Tool switch
    {
        "Bash" or "Shell" or "shell" or "run_shell_command" => new HookTool("process.exec", Named(call), null),
        "Read" or "NotebookRead" or "read_file" or "ReadFile" => OnFile(call, "data.read", writes: false),
        "Glob" or "Grep" or "LS" or "glob" or "search_file_content" or "list_directory" or "grep_search" => OnFile(call, "data.read", writes: false),
        "Write" or "Edit" or "MultiEdit" or "NotebookEdit" or "write_file" or "replace" or "edit_file" or "search_replace" => OnFile(call, "data.write", writes: true),
        "WebFetch" or "web_fetch" when Text(call.Arguments, "url") is { } url => new HookTool("http.request", Redactor.RedactUri(ResourceNames.Redacted(url)), null),
        "apply_patch" or "Delete" => new HookTool("data.write", Named(call), true),
        _ when McpName(call) is var (server, tool) => new HookTool("tool.call", ResourceNames.Of(server, "tools", tool), null),
        _ => new HookTool("tool.call", Named(call), null),
    };

    private static HookTool OnFile(HookCall call, string type, bool writes)
    {
        var path = Text(call.Arguments, "file_path") ?? Text(call.Arguments, "absolute_path") ?? Text(call.Arguments, "notebook_path") ?? Text(call.Arguments, "path");
        if (path is null)
        {
            return new HookTool(type, Named(call), writes);
        }

        var full = Path.IsPathRooted(path) ? path : call.WorkingDirectory is { } folder && Path.IsPathRooted(folder) ? Path.Combine(folder, path) : null;
        return full is null ? new HookTool(type, Named(call), writes) : new HookTool(type, FileResource.Of(full), writes, writes ? Path.GetFullPath(full) : null);
    }

    /// <summary>Tools of MCP servers are called <c>mcp__SERVER__TOOL</c>.</summary>
    private static (string Server, string Tool)? McpName(HookCall call)
    {
        var parts = call.Tool.Split("__", 3);
        return parts is ["mcp", { Length: > 0 } server, { Length: > 0 } tool] ? (server, tool) : null;
    }

    private static string Named(HookCall call) => $"hook://{HookFormats.NameOf(call.Format)}/tools/{Uri.EscapeDataString(Redactor.RedactText(call.Tool))}";

    private static string? Text(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;
}
