using System.Text;
using Cairn.Trails.Bundles;

namespace Cairn.Trails.Reports;

/// <summary>What docs/findings.md says of a rule: that page is in this assembly, so that there is one text.</summary>
/// <param name="Means">What its findings mean.</param>
/// <param name="Matters">Why that matters.</param>
/// <param name="HarmlessWhen">What may be behind it without harm.</param>
/// <param name="Do">What to do.</param>
internal sealed record RuleGuide(string Means, string Matters, string HarmlessWhen, string Do)
{
    private static readonly Lazy<Dictionary<string, RuleGuide>> All = new(() => Parse(Encoding.UTF8.GetString(VerifierPage.Resource("findings.md"))));

    /// <exception cref="InvalidOperationException">The page does not have the rule.</exception>
    public static RuleGuide Of(string rule) => All.Value.TryGetValue(rule, out var guide) ? guide : throw new InvalidOperationException($"docs/findings.md lacks the rule {rule}");

    private static Dictionary<string, RuleGuide> Parse(string page)
    {
        var guides = new Dictionary<string, RuleGuide>(StringComparer.Ordinal);
        foreach (var section in page.Split("\n### `").Skip(1))
        {
            var id = section[..section.IndexOf('`', StringComparison.Ordinal)];
            guides[id] = new RuleGuide(Part(section, id, "Means"), Part(section, id, "Matters"), Part(section, id, "Harmless when"), Part(section, id, "Do"));
        }

        return guides;
    }

    // "- **Name.** text", over as many lines as follow indented.
    private static string Part(string section, string id, string name)
    {
        var mark = $"\n- **{name}.** ";
        var start = section.IndexOf(mark, StringComparison.Ordinal);
        if (start < 0)
        {
            throw new InvalidOperationException($"docs/findings.md says no \"{name}\" of {id}");
        }

        var lines = section[(start + mark.Length)..].Split('\n');
        var more = lines.Skip(1).TakeWhile(line => line.StartsWith("  ", StringComparison.Ordinal)).Select(line => line.Trim());
        return string.Join(' ', more.Prepend(lines[0].Trim())).Replace("`", "", StringComparison.Ordinal);
    }
}
