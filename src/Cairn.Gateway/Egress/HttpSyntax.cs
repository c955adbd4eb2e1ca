using System.Buffers;

namespace Cairn.Gateway.Egress;

/// <summary>The characters of HTTP (RFC 9110 §5.6.2, §5.5). What two readers could take differently is refused, not repaired.</summary>
internal static class HttpSyntax
{
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>A method or field name.</summary>
    public static bool IsToken(ReadOnlySpan<char> text) => text.Length > 0 && !text.ContainsAnyExcept(TokenCharacters);

    /// <summary>A field's value: no control characters but tabs inside.</summary>
    public static bool IsFieldValue(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (c is < ' ' and not '\t' or '\x7f')
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A request target: visible ASCII alone.</summary>
    public static bool IsTarget(ReadOnlySpan<char> text) => text.Length > 0 && text.IndexOfAnyExceptInRange('!', '~') < 0;

    /// <summary>The elements of a comma-separated list, trimmed, empty ones left out (RFC 9110 §5.6.1).</summary>
    public static IEnumerable<string> ListOf(string value) => value.Split(',').Select(part => part.Trim(' ', '\t')).Where(part => part.Length > 0);
}
