using System.Text;

namespace Cairn.Gateway.Egress;

/// <summary>A header field as it came.</summary>
/// <param name="Name">A token.</param>
/// <param name="Value">Without the white space around it.</param>
internal readonly record struct HeaderField(string Name, string Value)
{
    public bool Is(string name) => Name.Equals(name, StringComparison.OrdinalIgnoreCase);
}

/// <summary>
/// The start line and header fields of a message, read strictly (RFC 9112 §2 to §5): lines end in CRLF, no folding, no space
/// before the colon, no control characters.
/// </summary>
internal sealed record MessageHead
{
    private const int MostFields = 128;

    /// <summary>The start line's three parts.</summary>
    public required (string First, string Second, string Third) StartLine { get; init; }

    public required IReadOnlyList<HeaderField> Fields { get; init; }

    /// <summary>The values of all fields of a name, in order.</summary>
    public IEnumerable<string> this[string name] => Fields.Where(field => field.Is(name)).Select(field => field.Value);

    /// <summary>Reads a head.</summary>
    /// <param name="bytes">All of it, with the empty line that ends it.</param>
    /// <param name="isRequest">Whether a request line comes first, or a status line.</param>
    /// <exception cref="HttpFault">It is no such head.</exception>
    public static MessageHead Parse(ReadOnlySpan<byte> bytes, bool isRequest)
    {
        try
        {
            return Read(bytes, isRequest);
        }
        catch (HttpFault e) when (!isRequest)
        {
            throw new HttpFault(502, e.Message);
        }
    }

    private static MessageHead Read(ReadOnlySpan<byte> bytes, bool isRequest)
    {
        var text = Encoding.Latin1.GetString(bytes);
        if (!text.EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            throw new HttpFault(400, "expected a header that ends in an empty line");
        }

        var lines = text[..^4].Split("\r\n");
        foreach (var line in lines)
        {
            if (line.AsSpan().ContainsAny('\r', '\n'))
            {
                throw new HttpFault(400, "expected lines that end in CRLF, found a bare CR or LF");
            }
        }

        if (lines.Length - 1 > MostFields)
        {
            throw new HttpFault(431, $"expected at most {MostFields} header fields, found {lines.Length - 1}");
        }

        var fields = new List<HeaderField>(lines.Length);
        foreach (var line in lines.Skip(1))
        {
            fields.Add(FieldOf(line));
        }

        return new MessageHead { StartLine = isRequest ? RequestLine(lines[0]) : StatusLine(lines[0]), Fields = fields };
    }

    private static HeaderField FieldOf(string line)
    {
        if (line.Length > 0 && line[0] is ' ' or '\t')
        {
            throw new HttpFault(400, "expected one line for each header field, found a folded one");
        }

        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0 || !HttpSyntax.IsToken(line.AsSpan(0, colon)))
        {
            throw new HttpFault(400, "expected a header field's name and a colon, with no space between");
        }

        var value = line[(colon + 1)..].Trim(' ', '\t');
        return HttpSyntax.IsFieldValue(value)
            ? new HeaderField(line[..colon], value)
            : throw new HttpFault(400, "expected no control characters in a header field");
    }

    private static (string, string, string) RequestLine(string line)
    {
        var parts = line.Split(' ');
        if (parts.Length != 3 || !HttpSyntax.IsToken(parts[0]) || !HttpSyntax.IsTarget(parts[1]))
        {
            throw new HttpFault(400, "expected a request line of method, target and version with one space between");
        }

        return parts[2] is "HTTP/1.1" or "HTTP/1.0"
            ? (parts[0], parts[1], parts[2])
            : throw new HttpFault(505, "expected HTTP/1.1 or HTTP/1.0");
    }

    private static (string, string, string) StatusLine(string line)
    {
        var version = line.Length > 8 ? line[..8] : "";
        var code = line.Length >= 12 ? line[9..12] : "";
        return version is "HTTP/1.1" or "HTTP/1.0" && line[8] == ' ' && code.All(char.IsAsciiDigit) && code[0] is >= '1' and <= '9'
            && (line.Length == 12 || (line[12] == ' ' && HttpSyntax.IsFieldValue(line.AsSpan(13))))
            ? (version, code, line.Length > 13 ? line[13..] : "")
            : throw new HttpFault(502, "expected a status line of HTTP/1.1");
    }
}
