namespace Cairn.Policy;

/// <summary>How lists of texts stand in <c>policy.decided</c>: one rule for who writes the record and who checks it.</summary>
public static class RecordedTexts
{
    /// <summary>The most texts of one list that a record has room for.</summary>
    public const int Most = 32;

    /// <summary>The texts as a record lists them: the first ones, then how many more there are.</summary>
    /// <param name="texts">All of them.</param>
    /// <param name="shown">One of them as a record holds it.</param>
    public static IEnumerable<string> Listed(IReadOnlyList<string> texts, Func<string, string> shown)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(shown);
        return texts.Count <= Most ? texts.Select(shown) : [.. texts.Take(Most).Select(shown), $"… and {texts.Count - Most} more"];
    }
}
