using System.Text;

namespace Cairn.Gateway.Capture;

/// <summary>Names of what an action works on, free of secrets: they stand in clear in records.</summary>
internal static class ResourceNames
{
    private const int LongestName = 256;
    private const int LongestUri = 1024;

    /// <summary><c>mcp://SERVER/KIND/NAME</c>, each part percent-encoded (RFC 3986 §2.1).</summary>
    public static string Of(string server, string kind, string? name = null)
    {
        var prefix = $"mcp://{Uri.EscapeDataString(Bounded(server, LongestName))}/{kind}";
        return name is null ? prefix : $"{prefix}/{Uri.EscapeDataString(Bounded(name, LongestName))}";
    }

    /// <summary>
    /// A resource's URI without its user information, the values of its query, its fragment and, for <c>data:</c> URIs,
    /// the data. Works on the text: MCP servers use schemes and forms that URI parsers refuse.
    /// </summary>
    public static string Redacted(string uri)
    {
        if (uri.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
        {
            var comma = uri.IndexOf(',', StringComparison.Ordinal);
            return Bounded(comma < 0 ? "data:" : uri[..comma], LongestUri) + ",[redacted]";
        }

        var fragment = uri.IndexOf('#', StringComparison.Ordinal);
        var rest = fragment < 0 ? uri : uri[..fragment];
        var question = rest.IndexOf('?', StringComparison.Ordinal);
        var query = question < 0 ? "" : NamesOf(rest[(question + 1)..]);
        return Bounded(WithoutUserInformation(question < 0 ? rest : rest[..question]) + query, LongestUri);
    }

    /// <summary>Cuts a text that a peer chose the length of; a cut text ends in an ellipsis.</summary>
    public static string Bounded(string text, int length)
    {
        if (text.Length <= length)
        {
            return text;
        }

        var cut = char.IsHighSurrogate(text[length - 2]) ? length - 2 : length - 1;
        return text[..cut] + "…";
    }

    private static string WithoutUserInformation(string uri)
    {
        var authority = uri.IndexOf("://", StringComparison.Ordinal);
        if (authority < 0)
        {
            return uri;
        }

        authority += 3;
        var end = uri.IndexOf('/', authority);
        end = end < 0 ? uri.Length : end;
        var at = uri.LastIndexOf('@', end - 1, end - authority);
        return at < 0 ? uri : string.Concat(uri.AsSpan(0, authority), uri.AsSpan(at + 1));
    }

    private static string NamesOf(string query)
    {
        var names = new StringBuilder("?");
        foreach (var part in query.Split('&', ';'))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);

            // A part without "=" may be a bare token just as well as a name.
            names.Append(names.Length > 1 ? "&" : "").Append(equals < 0 ? "[redacted]" : part[..equals] + "=");
        }

        return names.ToString();
    }
}
