using System.Globalization;
using System.Net;
using Cairn.Gateway.Capture;
using Cairn.Sdk;

namespace Cairn.Gateway.Egress;

/// <summary>What a request to a proxy is for.</summary>
/// <param name="Host">As it was asked for, in lower case; IPv6 without brackets.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="Authority">Host and port as a <c>Host</c> field has them.</param>
/// <param name="PathAndQuery">For the origin server; empty for a tunnel.</param>
internal sealed record Target(string Host, int Port, string Authority, string PathAndQuery)
{
    /// <summary>The whole URI as a record may have it.</summary>
    public string Resource => PathAndQuery.Length == 0
        ? $"connect://{ResourceNames.Bounded(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host, 256)}:{Port}"
        : Redactor.RedactUri(ResourceNames.Redacted($"http://{Authority}{PathAndQuery}"));

    /// <summary>The whole URI.</summary>
    public string Uri => $"http://{Authority}{PathAndQuery}";

    /// <summary>The target of <c>CONNECT</c>: authority-form, host and port (RFC 9112 §3.2.3).</summary>
    /// <exception cref="HttpFault">It is none.</exception>
    public static Target OfConnect(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || HostOf(text[..colon]) is not { } host || PortOf(text[(colon + 1)..]) is not { } port)
        {
            throw new HttpFault(400, "expected CONNECT HOST:PORT");
        }

        return new Target(host, port, text, "");
    }

    /// <summary>The target of any other request: absolute-form of the scheme http (RFC 9112 §3.2.2).</summary>
    /// <exception cref="HttpFault">It is none.</exception>
    public static Target OfRequest(string text)
    {
        const string Scheme = "http://";
        if (!text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            throw text.Contains("://", StringComparison.Ordinal)
                ? new HttpFault(501, "expected the scheme http; https goes through CONNECT")
                : new HttpFault(400, "expected a request for a proxy: the target is a whole URI");
        }

        var rest = text[Scheme.Length..];
        var end = rest.AsSpan().IndexOfAny('/', '?', '#');
        var authority = end < 0 ? rest : rest[..end];
        var path = end < 0 ? "/" : rest[end] == '/' ? rest[end..] : "/" + rest[end..];
        if (authority.Contains('@', StringComparison.Ordinal) || path.Contains('#', StringComparison.Ordinal) || path.Contains('\\', StringComparison.Ordinal))
        {
            throw new HttpFault(400, "expected a URI without user information, fragment and backslashes");
        }

        var colon = authority.LastIndexOf(':');
        var isPort = colon >= 0 && !authority.EndsWith(']');
        var port = isPort ? PortOf(authority[(colon + 1)..]) : 80;
        return port is { } number && HostOf(isPort ? authority[..colon] : authority) is { } host
            ? new Target(host, number, authority, path)
            : throw new HttpFault(400, "expected a host, and a port from 1 to 65535");
    }

    private static string? HostOf(string text)
    {
        if (text.StartsWith('['))
        {
            return text.EndsWith(']') && IPAddress.TryParse(text[1..^1], out var address) && !text.Contains('%', StringComparison.Ordinal) ? address.ToString() : null;
        }

        // Names and IPv4 addresses as everybody writes them: 0x7f.1 and 2130706433 are refused, because readers differ on them.
        var isName = text.Length is > 0 and <= 253 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_') && text[0] != '.' && !text.Contains("..", StringComparison.Ordinal);
        var last = text.TrimEnd('.').Split('.')[^1];
        var looksNumeric = last.Length > 0 && (last.All(char.IsAsciiDigit) || last.StartsWith("0x", StringComparison.OrdinalIgnoreCase));
        return !isName ? null
            : !looksNumeric ? text.ToLowerInvariant()
            : IPAddress.TryParse(text, out var number) && number.ToString() == text ? text : null;
    }

    private static int? PortOf(string text) =>
        text.Length is > 0 and <= 5 && text.All(char.IsAsciiDigit) && int.Parse(text, CultureInfo.InvariantCulture) is > 0 and <= 65535 and var port ? port : null;
}
