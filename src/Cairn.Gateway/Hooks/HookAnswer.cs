using System.Text;
using System.Text.Json;

namespace Cairn.Gateway.Hooks;

/// <summary>What a hook says of a tool's use.</summary>
internal enum HookVerdict
{
    /// <summary>Nothing: the agent's own permissions decide.</summary>
    Pass,

    /// <summary>It may be used, whatever the agent's own permissions say.</summary>
    Grant,

    /// <summary>A person must be asked, by the agent.</summary>
    Ask,

    /// <summary>It must not be used.</summary>
    Deny,
}

/// <summary>The answer to a hook call, in the agent's own format.</summary>
/// <param name="ExitCode">0; or 2, which every format takes for a refusal; or 1, a problem that stops nothing.</param>
/// <param name="Output">For stdout.</param>
/// <param name="Message">For stderr; null: nothing.</param>
public sealed record HookAnswer(int ExitCode, string Output, string? Message)
{
    /// <summary>The answer when the call could not be read or recorded: before a tool's use that is a refusal.</summary>
    /// <param name="isBefore">Whether the hook was called before a tool is used.</param>
    /// <param name="why">In words, without content.</param>
    public static HookAnswer Failed(bool isBefore, string why) => new(isBefore ? 2 : 1, "", $"cairn: {why}");

    /// <summary>The answer to a call that nothing depends on.</summary>
    internal static HookAnswer Noted(HookCall call) => new(
        0, call switch
        {
            { Format: HookFormat.Cursor, Moment: HookMoment.Prompted } => """{"continue":true}""",
            { Format: HookFormat.Cursor or HookFormat.GeminiCli } => "{}",
            _ => "",
        },
        null);

    /// <summary>The answer before a tool's use.</summary>
    internal static HookAnswer Of(HookCall call, HookVerdict verdict, string reason)
    {
        // Codex and Gemini CLI have no question to ask; what needs a person's yes is then refused.
        if (verdict == HookVerdict.Ask && call.Format is HookFormat.Codex or HookFormat.GeminiCli)
        {
            (verdict, reason) = (HookVerdict.Deny, $"{reason} (this agent can't ask for approval: use --approval wait)");
        }

        // Codex takes denials alone.
        if (verdict == HookVerdict.Pass || (verdict == HookVerdict.Grant && call.Format == HookFormat.Codex))
        {
            return Noted(call);
        }

        var word = verdict switch { HookVerdict.Grant => "allow", HookVerdict.Ask => "ask", _ => "deny" };
        return new HookAnswer(0, Json(writer =>
        {
            switch (call.Format)
            {
                case HookFormat.GeminiCli:
                    writer.WriteString("decision"u8, word);
                    writer.WriteString("reason"u8, reason);
                    break;
                case HookFormat.Cursor:
                    writer.WriteString("permission"u8, word);
                    writer.WriteString("user_message"u8, reason);
                    writer.WriteString("agent_message"u8, reason);
                    break;
                default:
                    writer.WriteStartObject("hookSpecificOutput"u8);
                    writer.WriteString("hookEventName"u8, call.Event);
                    writer.WriteString("permissionDecision"u8, word);
                    writer.WriteString("permissionDecisionReason"u8, reason);
                    writer.WriteEndObject();
                    break;
            }
        }), null);
    }

    private static string Json(Action<Utf8JsonWriter> body)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            body(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
