namespace Cairn.Trails.Reports;

/// <summary>How acts came out: words and tones for people.</summary>
internal static class Outcomes
{
    /// <summary>In the order in which they are drawn.</summary>
    public static readonly string[] Tones = ["good", "open", "stop", "bad"];

    /// <summary>good, open (no outcome, or not the last), stop (it was not let through) or bad.</summary>
    public static string Tone(string? outcome) => outcome switch
    {
        "ok" or "allow" or "approved" or "done" => "good",
        "refused" or "deny" or "denied" or "cancelled" or "expired" or "withdrawn" => "stop",
        null or "" or "accepted" or "open" or "needs_approval" => "open",
        _ => "bad",
    };

    /// <summary>An outcome in plain words.</summary>
    public static string Words(string? outcome) => outcome switch
    {
        null => "without an outcome",
        "ok" => "ok",
        "tool_error" => "failed (the tool says so)",
        "protocol_error" => "failed (protocol error)",
        "needs_approval" => "needs approval",
        "allow" => "allowed",
        "deny" => "denied",
        _ => outcome,
    };

    /// <summary>How many acts came out in which way, the most frequent first.</summary>
    public static string Counted(IEnumerable<TrailAction> actions) => string.Join(", ", actions
        .GroupBy(action => action.Status)
        .OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal)
        .Select(group => $"{HtmlText.Count(group.Count())} {Words(group.Key)}"));
}
