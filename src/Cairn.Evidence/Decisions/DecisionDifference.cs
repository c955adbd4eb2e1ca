namespace Cairn.Evidence.Decisions;

/// <summary>What of a decision's record recomputing gives otherwise, in words, on both sides.</summary>
internal sealed record DecisionDifference(string Recomputed, string Recorded)
{
    private const int LongestList = 400;

    /// <summary>Null where the record says what recomputing gives.</summary>
    public static DecisionDifference? Between(DecidedTexts recorded, DecidedTexts recomputed)
    {
        var (expected, found) = (new List<string>(), new List<string>());
        void Note(bool isSame, string member, string is_, string was)
        {
            if (!isSame)
            {
                expected.Add($"{member} {is_}");
                found.Add($"{member} {was}");
            }
        }

        void Texts(string member, IReadOnlyList<string> is_, IReadOnlyList<string> was) => Note(RecordedText.Is(was, is_), member, Listed(is_), Listed(was));

        Note(recorded.Decision == recomputed.Decision, "decision", recomputed.Decision, Shown(recorded.Decision));
        Texts("determining", recomputed.Determining, recorded.Determining);
        Texts("errors", recomputed.Errors, recorded.Errors);
        Texts("obligations", recomputed.Obligations, recorded.Obligations);
        Note(RecordedText.Is(recorded.Reason, recomputed.Reason), "reason", Shown(recomputed.Reason), Shown(recorded.Reason));
        Note(recorded.Version == recomputed.Version, "version", Shown(recomputed.Version), Shown(recorded.Version));
        return expected.Count == 0 ? null : new DecisionDifference(string.Join("; ", expected), string.Join("; ", found));
    }

    private static string Listed(IReadOnlyList<string> texts) => Shown(string.Join(", ", texts));

    private static string Shown(string text)
    {
        var cut = text.Length > LongestList ? text[..LongestList] + "…" : text;
        return cut.Length == 0 ? "(nothing)" : string.Concat(cut.Select(c => char.IsControl(c) ? '\uFFFD' : c));
    }
}
