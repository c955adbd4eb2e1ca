using System.Globalization;
using System.Text;

namespace Cairn.Trails.Reports;

/// <summary>Untrusted texts as HTML, good inside an element and inside a quoted attribute.</summary>
internal static class HtmlText
{
    /// <summary>Characters of a text that are shown; how many there are is told.</summary>
    public const int Most = 600;

    /// <summary>
    /// Appends a text. What could end its element or attribute is encoded. Control characters, marks that change the direction of
    /// writing and others that are not seen stand as escapes: what is shown is what is there.
    /// </summary>
    public static void AppendTo(StringBuilder html, string? text)
    {
        if (text is null)
        {
            return;
        }

        var shown = Shown(text);
        for (var i = 0; i < shown; i++)
        {
            var one = text[i];
            switch (one)
            {
                case '<': html.Append("&lt;"); break;
                case '>': html.Append("&gt;"); break;
                case '&': html.Append("&amp;"); break;
                case '"': html.Append("&quot;"); break;
                case '\'': html.Append("&#39;"); break;
                case >= ' ' and <= '~': html.Append(one); break;
                default:
                    i += AppendOther(html, text, i) - 1;
                    break;
            }
        }

        if (shown < text.Length)
        {
            html.Append("… (").Append(Count(text.Length)).Append(" characters)");
        }
    }

    /// <summary>A text cut to a number of characters, with an ellipsis where it was.</summary>
    public static string Cut(string text, int most)
    {
        if (text.Length <= most)
        {
            return text;
        }

        var end = char.IsHighSurrogate(text[most - 2]) ? most - 2 : most - 1;
        return $"{text[..end]}…";
    }

    /// <summary>A number with commas.</summary>
    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A number of things: <c>1 record</c>, <c>1,200 records</c>.</summary>
    public static string Count(long number, string one, string? many = null) => $"{Count(number)} {(number == 1 ? one : many ?? one + "s")}";

    /// <summary>A time, UTC, to the millisecond.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>How long something took, with a unit that fits.</summary>
    public static string Duration(TimeSpan span) => span switch
    {
        { TotalMilliseconds: < 1000 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMilliseconds:0.#} ms"),
        { TotalSeconds: < 120 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.##} s"),
        { TotalMinutes: < 120 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMinutes:0.#} min"),
        { TotalHours: < 48 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalHours:0.#} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{span.TotalDays:0.#} days"),
    };

    private static int Shown(string text) => text.Length <= Most ? text.Length : char.IsHighSurrogate(text[Most - 1]) ? Most - 1 : Most;

    private static int AppendOther(StringBuilder html, string text, int at)
    {
        if (!Rune.TryGetRuneAt(text, at, out var rune))
        {
            AppendEscape(html, text[at]);
            return 1;
        }

        var hidden = Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;
        for (var i = 0; i < rune.Utf16SequenceLength; i++)
        {
            if (hidden)
            {
                AppendEscape(html, text[at + i]);
            }
            else
            {
                html.Append(text[at + i]);
            }
        }

        return rune.Utf16SequenceLength;
    }

    private static void AppendEscape(StringBuilder html, char one) => html.Append("\\u").Append(((int)one).ToString("x4", CultureInfo.InvariantCulture));
}
