using System.Text;

namespace Cairn.Evidence.Trust;

/// <summary>A line of a policy file, split at its tabs and spaces; comments and empty lines are left out.</summary>
internal sealed record PolicyLine(int Number, string[] Words)
{
    public string Keyword => Words[0];

    /// <summary>An error that names the line.</summary>
    public EvidenceFormatException Error(string message) => new($"policy line {Number}: {message}");

    /// <summary>The lines of a policy (C2SP tlog-policy, "Format"): separated by tabs and spaces, comments open with "#".</summary>
    /// <exception cref="EvidenceFormatException">A control character stands in the text.</exception>
    public static IEnumerable<PolicyLine> Split(string text)
    {
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            var bad = line.AsSpan().IndexOfAnyInRange('\0', '\u001f') is var at and >= 0 && line[at] != '\t' ? at : -1;
            var words = line.Split(['\t', ' '], StringSplitOptions.RemoveEmptyEntries);
            if (bad >= 0 || line.Any(c => char.IsControl(c) && c != '\t'))
            {
                throw new EvidenceFormatException($"policy line {number}: control character in \"{Hex.Excerpt(line)}\" (lines end in a newline alone)");
            }

            if (words.Length > 0 && !words[0].StartsWith('#'))
            {
                yield return new PolicyLine(number, words);
            }
        }
    }

    /// <summary>The line's text again, words separated by one space.</summary>
    public override string ToString() => new StringBuilder().AppendJoin(' ', Words).ToString();
}
