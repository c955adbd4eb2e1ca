namespace Cairn.Evidence.Decisions;

/// <summary>
/// Whether a text is what a record holds of another (docs/spec/verification.md §13): records have texts without what looked secret,
/// and cut where they are long. A verifier can't tell what looked secret to an emitter, so a marker stands for anything.
/// </summary>
internal static class RecordedText
{
    /// <summary>The most texts of one list that a record has.</summary>
    public const int MostTexts = 32;

    private const int LongestText = 512;
    private const string Marker = "[redacted:";
    private const char Cut = '…';

    /// <param name="recorded">The text in the record.</param>
    /// <param name="text">The whole text.</param>
    public static bool Is(string recorded, string text)
    {
        if (recorded == text)
        {
            return true;
        }

        var isCut = recorded.Length is LongestText or LongestText - 1 && recorded[^1] == Cut;
        var (start, at) = (0, 0);
        var shown = isCut ? WithoutMarkerCut(recorded[..^1]) : recorded;
        while (NextMarker(shown, start) is var (place, length) && length > 0)
        {
            var piece = shown.AsSpan(start, place - start);
            var found = start == 0 ? (text.AsSpan().StartsWith(piece) ? 0 : -1) : text.AsSpan(at).IndexOf(piece);
            if (found < 0)
            {
                return false;
            }

            (at, start) = (at + found + piece.Length, place + length);
        }

        var rest = shown.AsSpan(start);
        var open = text.AsSpan(at);
        return start == 0 ? isCut && open.StartsWith(rest)
            : isCut ? open.IndexOf(rest) >= 0
            : open.EndsWith(rest);
    }

    /// <summary>The same for a list, of which a record has the first ones and how many more there are.</summary>
    public static bool Is(IReadOnlyList<string> recorded, IReadOnlyList<string> texts)
    {
        var more = texts.Count > MostTexts;
        if (recorded.Count != (more ? MostTexts + 1 : texts.Count) || (more && recorded[^1] != $"… and {texts.Count - MostTexts} more"))
        {
            return false;
        }

        for (var i = 0; i < Math.Min(texts.Count, MostTexts); i++)
        {
            if (!Is(recorded[i], texts[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The next <c>[redacted:KIND]</c>, KIND of ASCII letters, digits, <c>-</c> and <c>_</c>; a length of 0: none.</summary>
    private static (int Place, int Length) NextMarker(string text, int start)
    {
        for (var at = text.IndexOf(Marker, start, StringComparison.Ordinal); at >= 0; at = text.IndexOf(Marker, at + 1, StringComparison.Ordinal))
        {
            var end = at + Marker.Length;
            while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '-' or '_'))
            {
                end++;
            }

            if (end < text.Length && text[end] == ']')
            {
                return (at, end + 1 - at);
            }
        }

        return (0, 0);
    }

    /// <summary>A marker may be what was cut: then its beginning says nothing.</summary>
    private static string WithoutMarkerCut(string text)
    {
        var last = text.LastIndexOf('[');
        var tail = last < 0 ? "" : text[last..];
        return tail.Length > 0 && !tail.Contains(']', StringComparison.Ordinal) && (tail.StartsWith(Marker, StringComparison.Ordinal) || Marker.StartsWith(tail, StringComparison.Ordinal))
            ? text[..last] : text;
    }
}
