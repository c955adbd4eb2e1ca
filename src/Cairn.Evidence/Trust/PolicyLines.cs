using System.Text;

namespace Cairn.Evidence.Trust;

/// <summary>A line of a policy file, split at its tabs and spaces; comments and empty lines are left out.</summary>
internal sealed record PolicyLine(int Number, string[] Words)
{
    /// <summary>The largest policy that is read, in characters: room for a thousand ML-DSA-44 keys and as many certificates.</summary>
    public const int MaxLength = 8 * 1024 * 1024;

    /// <summary>An error that names the line.</summary>
    public EvidenceFormatException Error(string message) => new($"policy line {Number}: {message}");

    /// <summary>The lines of a policy (C2SP tlog-policy, "Structure"): separated by tabs and spaces, comments open with "#".</summary>
    /// <exception cref="EvidenceFormatException">A control character stands in the text, or it is too long.</exception>
    public static IEnumerable<PolicyLine> Split(string text)
    {
        if (text.Length > MaxLength)
        {
            throw new EvidenceFormatException($"policy: at most {MaxLength} characters are read, found {text.Length}");
        }

        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (line.AsSpan().IndexOfAny(Controls) is var at and >= 0)
            {
                throw new EvidenceFormatException($"policy line {number}: control character U+{(int)line[at]:X4} at character {at} (lines end in a newline alone)");
            }

            var words = line.Split(['\t', ' '], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 0 && !words[0].StartsWith('#'))
            {
                yield return new PolicyLine(number, words);
            }
        }
    }

    /// <summary>
    /// The text of a policy's octets. What is not UTF-8 stays apart octet by octet (as U+DC80 to U+DCFF), since the format
    /// treats names as opaque: two names are the same only when their octets are.
    /// </summary>
    public static string Text(ReadOnlySpan<byte> octets)
    {
        var text = new StringBuilder(octets.Length);
        Span<char> characters = stackalloc char[2];
        while (!octets.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(octets, out var rune, out var taken) == System.Buffers.OperationStatus.Done)
            {
                text.Append(characters[..rune.EncodeToUtf16(characters)]);
            }
            else
            {
                // What cannot be decoded is never ASCII, so separators and control characters are not lost here.
                taken = 1;
                text.Append((char)(0xDC00 + octets[0]));
            }

            octets = octets[taken..];
        }

        return text.ToString();
    }

    /// <summary>The line's text again, words separated by one space.</summary>
    public override string ToString() => string.Join(' ', Words);

    private static readonly System.Buffers.SearchValues<char> Controls = System.Buffers.SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Append(0x7f).Where(c => c != '\t').Select(c => (char)c)]);
}
