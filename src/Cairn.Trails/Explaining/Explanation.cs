using Cairn.Evidence;

namespace Cairn.Trails.Explaining;

/// <summary>One statement about a trail, and what it rests on.</summary>
/// <param name="Text">In plain words.</param>
/// <param name="IsKnown">False: it says what the records do not tell.</param>
/// <param name="Records">The records that it rests on; of many alike the first few.</param>
public sealed record Sentence(string Text, bool IsKnown, IReadOnlyList<RecordId> Records);

/// <summary>One of the four questions, answered.</summary>
/// <param name="Question">The question.</param>
/// <param name="Sentences">The answer.</param>
public sealed record Answer(string Question, IReadOnlyList<Sentence> Sentences);

/// <summary>The four answers: who or what initiated it, what context, which tools and credentials under which authority, what changed.</summary>
public static class Explanation
{
    /// <summary>Explains a trail. A pure function of it.</summary>
    public static IReadOnlyList<Answer> Of(Trail trail)
    {
        ArgumentNullException.ThrowIfNull(trail);
        return
        [
            new Answer("Who or what initiated it?", [.. InitiationAnswer.Of(trail)]),
            new Answer("What context did the agents have?", [.. ContextAnswer.Of(trail)]),
            new Answer("Which tools and credentials were used, and under which authority?", [.. ActionAnswer.Of(trail), .. AuthorityAnswer.Of(trail)]),
            new Answer("What changed?", [.. ChangeAnswer.Of(trail)]),
        ];
    }
}

/// <summary>Sentences.</summary>
internal static class Say
{
    private const int Most = 5;

    public static Sentence Known(string text, params IEnumerable<RecordId> records) => new(text, true, [.. records.Distinct().Take(Most)]);

    public static Sentence Unknown(string text, params IEnumerable<RecordId> records) => new(text, false, [.. records.Distinct().Take(Most)]);

    public static string Times(int count) => count == 1 ? "once" : $"{count} times";

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

    public static string Or(string text, string otherwise) => text.Length == 0 || text == "?" ? otherwise : text;

    public static string Short(string digest) => digest.Length > 23 && digest.StartsWith("sha256:", StringComparison.Ordinal) ? $"{digest[..19]}…" : digest;
}
