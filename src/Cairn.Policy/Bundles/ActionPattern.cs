namespace Cairn.Policy.Bundles;

/// <summary>Which actions a rule of the manifest is for. A part that is not given matches anything; <c>*</c> stands for any characters.</summary>
/// <param name="Action">The action's type, such as <c>tool.call</c>.</param>
/// <param name="Server">The server.</param>
/// <param name="Name">The tool, method or program.</param>
public sealed record ActionPattern(string? Action, string? Server, string? Name)
{
    /// <summary>Whether the rule is for an action.</summary>
    public bool Matches(string action, string server, string name) => Like(Action, action) && Like(Server, server) && Like(Name, name);

    private static bool Like(string? pattern, string text)
    {
        if (pattern is null)
        {
            return true;
        }

        // Greedy with one point to return to: linear in practice, quadratic at worst, and never recursive.
        int p = 0, t = 0, star = -1, mark = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                (star, mark) = (p++, t);
            }
            else if (p < pattern.Length && pattern[p] == text[t])
            {
                (p, t) = (p + 1, t + 1);
            }
            else if (star >= 0)
            {
                (p, t) = (star + 1, ++mark);
            }
            else
            {
                return false;
            }
        }

        return pattern.AsSpan(p).TrimStart('*').IsEmpty;
    }
}
