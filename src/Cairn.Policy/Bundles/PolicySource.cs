using System.Text;

namespace Cairn.Policy.Bundles;

/// <summary>One policy's text as it stands in its file.</summary>
/// <param name="File">The file's path in the bundle.</param>
/// <param name="Text">From the first annotation or keyword to the semicolon, with comments in between.</param>
/// <param name="Offset">Where the text begins in the file, in UTF-8 bytes.</param>
internal sealed record PolicySource(string File, string Text, int Offset)
{
    /// <summary>
    /// Splits a file at its semicolons, which outside strings and comments are the ends of policies in Cedar's grammar. The
    /// engine parses each part; this only finds where each begins, so that an error can be placed.
    /// </summary>
    public static IReadOnlyList<PolicySource> Split(string file, string content)
    {
        var sources = new List<PolicySource>();
        int start = -1, offset = 0, at = 0, bytes = 0;
        while (at < content.Length)
        {
            var (length, blank) = Token(content, at);
            if (!blank && start < 0)
            {
                (start, offset) = (at, bytes);
            }

            if (content[at] == ';')
            {
                sources.Add(new PolicySource(file, content[start..(at + 1)], offset));
                start = -1;
            }

            bytes += Encoding.UTF8.GetByteCount(content.AsSpan(at, length));
            at += length;
        }

        if (start >= 0)
        {
            sources.Add(new PolicySource(file, content[start..], offset));
        }

        return sources;
    }

    /// <summary>A comment, a string, or one character; and whether it is nothing to the parser.</summary>
    private static (int Length, bool Blank) Token(string content, int at)
    {
        if (content.AsSpan(at).StartsWith("//"))
        {
            var end = content.IndexOf('\n', at);
            return ((end < 0 ? content.Length : end + 1) - at, true);
        }

        if (content[at] != '"')
        {
            var pair = char.IsHighSurrogate(content[at]) && at + 1 < content.Length ? 2 : 1;
            return (pair, char.IsWhiteSpace(content[at]));
        }

        var close = at + 1;
        while (close < content.Length && content[close] != '"')
        {
            close += content[close] == '\\' ? 2 : 1;
        }

        return (Math.Min(close + 1, content.Length) - at, false);
    }

    /// <summary>The line and column, both from 1, of a byte offset in a text.</summary>
    public static (int Line, int Column) Place(string content, int offset)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        var before = bytes.AsSpan(0, Math.Clamp(offset, 0, bytes.Length));
        var line = before.Count((byte)'\n') + 1;
        return (line, Encoding.UTF8.GetCharCount(before[(before.LastIndexOf((byte)'\n') + 1)..]) + 1);
    }
}
