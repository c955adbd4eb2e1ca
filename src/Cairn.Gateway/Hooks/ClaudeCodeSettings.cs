using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Cairn.Gateway.Hooks;

/// <summary>A settings file can't be merged into.</summary>
/// <param name="message">Which, and why.</param>
public sealed class HookSettingsException(string message) : Exception(message);

/// <summary>
/// Puts Cairn's hooks into a Claude Code settings file and takes them out again. Everything else in the file stays; the
/// file is replaced whole or not at all.
/// </summary>
public static partial class ClaudeCodeSettings
{
    private static readonly string[] Before = ["PreToolUse", "UserPromptSubmit", "SessionStart"];
    private static readonly string[] After = ["PostToolUse", "PostToolUseFailure", "Stop", "SubagentStop", "SessionEnd"];
    private static readonly string[] WithMatcher = ["PreToolUse", "PostToolUse", "PostToolUseFailure"];

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The settings file of a project, or of the user.</summary>
    /// <param name="project">The project's folder; null: the user's own settings.</param>
    public static string PathFor(string? project) => Path.Combine(
        project ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".claude", "settings.json");

    /// <summary>Adds the hooks, in place of earlier ones of Cairn's.</summary>
    /// <param name="path">The settings file; made where there is none.</param>
    /// <param name="commandFor">The shell command for <c>pre</c> and <c>post</c>.</param>
    /// <param name="timeout">How long the agent waits for a hook before a tool's use, in whole seconds.</param>
    /// <returns>The events that are hooked.</returns>
    /// <exception cref="HookSettingsException">The file is not settings.</exception>
    public static IReadOnlyList<string> Install(string path, Func<string, string> commandFor, int timeout)
    {
        ArgumentNullException.ThrowIfNull(commandFor);
        var settings = Read(path) ?? [];
        Remove(settings, path);
        var hooks = HooksOf(settings, path) ?? [];
        settings["hooks"] = hooks;
        foreach (var name in (string[])[.. Before, .. After])
        {
            var group = new JsonObject();
            if (WithMatcher.Contains(name))
            {
                group["matcher"] = "*";
            }

            group["hooks"] = new JsonArray(new JsonObject
            {
                ["type"] = "command",
                ["command"] = commandFor(Before.Contains(name) ? "pre" : "post"),
                ["timeout"] = timeout,
            });
            if (hooks[name] is not JsonArray groups)
            {
                hooks[name] = groups = [];
            }

            groups.Add((JsonNode)group);
        }

        Write(path, settings);
        return [.. Before, .. After];
    }

    /// <summary>Takes the hooks out.</summary>
    /// <returns>How many were there.</returns>
    /// <exception cref="HookSettingsException">The file is not settings.</exception>
    public static int Uninstall(string path)
    {
        if (Read(path) is not { } settings || Remove(settings, path) is not (> 0 and var removed))
        {
            return 0;
        }

        Write(path, settings);
        return removed;
    }

    private static int Remove(JsonObject settings, string path)
    {
        if (HooksOf(settings, path) is not { } hooks)
        {
            return 0;
        }

        var removed = 0;
        foreach (var (name, value) in hooks.ToList())
        {
            if (value is not JsonArray groups)
            {
                throw new HookSettingsException($"{path}: hooks.{name} is no array; nothing was changed");
            }

            var before = removed;
            foreach (var group in groups.ToList())
            {
                if (group is not JsonObject entry || entry["hooks"] is not JsonArray commands)
                {
                    continue;
                }

                var ours = commands.Where(command => command is JsonObject hook && hook["command"] is JsonValue text
                    && text.TryGetValue<string>(out var words) && OurCommand().IsMatch(words)).ToList();
                ours.ForEach(command => commands.Remove(command));
                removed += ours.Count;
                if (ours.Count > 0 && commands.Count == 0)
                {
                    groups.Remove(group);
                }
            }

            if (groups.Count == 0 && removed > before)
            {
                hooks.Remove(name);
            }
        }

        if (hooks.Count == 0 && removed > 0)
        {
            settings.Remove("hooks");
        }

        return removed;
    }

    private static JsonObject? HooksOf(JsonObject settings, string path) => settings["hooks"] switch
    {
        null => null,
        JsonObject hooks => hooks,
        _ => throw new HookSettingsException($"{path}: hooks is no object; nothing was changed"),
    };

    private static JsonObject? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(File.ReadAllText(path), documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) as JsonObject
                ?? throw new HookSettingsException($"{path} is no JSON object; nothing was changed");
        }
        catch (JsonException e)
        {
            throw new HookSettingsException($"{path} is not JSON ({e.Message}); nothing was changed");
        }
    }

    private static void Write(string path, JsonObject settings)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var target = File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path;
        var temporary = $"{target}.{Guid.NewGuid():N}.tmp";
        try
        {
            File.WriteAllText(temporary, settings.ToJsonString(Indented) + "\n");
            if (File.Exists(target) && !OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(temporary, File.GetUnixFileMode(target));
            }

            File.Move(temporary, target, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>A command that calls this program as a hook, however it is quoted and wherever it lies.</summary>
    [GeneratedRegex(@"(^|[/\s])cairn['""]?\s+hook\s+(pre|post)(\s|$)", RegexOptions.CultureInvariant)]
    private static partial Regex OurCommand();
}
