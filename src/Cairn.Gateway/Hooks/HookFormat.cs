namespace Cairn.Gateway.Hooks;

/// <summary>Whose hooks: what they send and how they are answered.</summary>
public enum HookFormat
{
    /// <summary>Claude Code (code.claude.com/docs, "Hooks reference").</summary>
    ClaudeCode,

    /// <summary>Codex CLI: the same shapes, of which it takes denials and no questions (codex-rs/hooks/schema).</summary>
    Codex,

    /// <summary>Cursor (cursor.com/docs, "Hooks").</summary>
    Cursor,

    /// <summary>Gemini CLI (docs/hooks/reference.md).</summary>
    GeminiCli,
}

/// <summary>What a hook call is about.</summary>
internal enum HookMoment
{
    /// <summary>A session began or was resumed.</summary>
    SessionStarted,

    /// <summary>A person sent a prompt.</summary>
    Prompted,

    /// <summary>A tool is about to be used: the one moment in which a hook can refuse.</summary>
    BeforeTool,

    /// <summary>A tool was used.</summary>
    AfterTool,

    /// <summary>A tool was used and failed.</summary>
    ToolFailed,

    /// <summary>The agent, or one that it started, finished its turn.</summary>
    TurnEnded,

    /// <summary>The session ended.</summary>
    SessionEnded,

    /// <summary>Anything else: taken note of by nobody.</summary>
    Other,
}

/// <summary>Names of formats as options and records have them.</summary>
internal static class HookFormats
{
    public static string NameOf(HookFormat format) => format switch
    {
        HookFormat.ClaudeCode => "claude-code",
        HookFormat.Codex => "codex",
        HookFormat.Cursor => "cursor",
        _ => "gemini-cli",
    };
}
