using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;

namespace Cairn.HttpGateway.Upstreams;

/// <summary>Which headers pass between caller and server. What is not named here passes, known or not.</summary>
internal static class HeaderRules
{
    /// <summary>Headers of one connection only (RFC 9110 §7.6.1), and the older ones that are treated so.</summary>
    private static readonly FrozenSet<string> HopByHop = new[]
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Of a request: what is the gateway's own business (whom it addresses, how long the body is, what it can read), what
    /// authenticates the caller to the gateway, and what browsers add for the gateway to judge.
    /// </summary>
    private static readonly FrozenSet<string> NotToServer = new[]
    {
        "Host", "Content-Length", "Expect", "Accept-Encoding", "Authorization", "DPoP", "Cookie", "Origin", "Referer", "traceparent",
        "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Max-Forwards", "HTTP2-Settings",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Of an answer: lengths are set anew; cookies and challenges are the server's with the gateway.</summary>
    private static readonly FrozenSet<string> NotToCaller = new[]
    {
        "Content-Length", "Set-Cookie", "WWW-Authenticate", "DPoP-Nonce", "Alt-Svc", "Strict-Transport-Security", "Date", "Server",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Copies a request's headers.</summary>
    public static void CopyRequest(HttpRequest from, HttpRequestMessage to, bool withAuthorization)
    {
        var named = Named(from.Headers.Connection);
        foreach (var (name, values) in from.Headers)
        {
            var isOwnWish = withAuthorization && (name.Equals("Authorization", StringComparison.OrdinalIgnoreCase) || name.Equals("DPoP", StringComparison.OrdinalIgnoreCase));
            if (name.StartsWith(':') || HopByHop.Contains(name) || named.Contains(name) || (NotToServer.Contains(name) && !isOwnWish))
            {
                continue;
            }

            if (!to.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                to.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }
    }

    /// <summary>Copies an answer's headers.</summary>
    public static void CopyResponse(HttpResponseMessage from, HttpResponse to, bool withChallenges)
    {
        var named = Named(from.Headers.Connection);
        foreach (var (name, values) in from.Headers.NonValidated.Concat(from.Content.Headers.NonValidated))
        {
            var isOwnWish = withChallenges && (name.Equals("WWW-Authenticate", StringComparison.OrdinalIgnoreCase) || name.Equals("DPoP-Nonce", StringComparison.OrdinalIgnoreCase));
            if (!HopByHop.Contains(name) && !named.Contains(name) && (!NotToCaller.Contains(name) || isOwnWish))
            {
                to.Headers[name] = values.ToArray();
            }
        }
    }

    private static HashSet<string> Named(IEnumerable<string?> connection) =>
        new(connection.SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)), StringComparer.OrdinalIgnoreCase);
}
