using System.Text;
using System.Text.Json;

namespace Cairn.Gateway.Egress;

/// <summary>The proxy's own answers: problem details (RFC 9457), told from the origin's by <c>Proxy-Status</c> (RFC 9209).</summary>
internal static class ProxyAnswer
{
    /// <param name="status">The HTTP status.</param>
    /// <param name="code">A word for what went wrong.</param>
    /// <param name="detail">In words for the caller.</param>
    public static byte[] Problem(int status, string code, string detail)
    {
        using var body = new MemoryStream();
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            writer.WriteString("title"u8, Title(status));
            writer.WriteNumber("status"u8, status);
            writer.WriteString("code"u8, code);
            writer.WriteString("detail"u8, detail);
            writer.WriteEndObject();
        }

        var challenge = status == 407 ? "Proxy-Authenticate: Basic realm=\"cairn\"\r\n" : "";
        var head = $"HTTP/1.1 {status} {Title(status)}\r\nContent-Type: application/problem+json\r\nContent-Length: {body.Length}\r\n"
            + $"Proxy-Status: cairn; error={ErrorOf(status)}\r\n{challenge}Connection: close\r\n\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body.ToArray()];
    }

    private static string Title(int status) => status switch
    {
        400 => "Bad Request",
        403 => "Forbidden",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        508 => "Loop Detected",
        _ => "Error",
    };

    /// <summary>Error types of RFC 9209 §2.3.</summary>
    private static string ErrorOf(int status) => status switch
    {
        403 or 407 => "http_request_denied",
        502 => "destination_unavailable",
        503 => "proxy_internal_error",
        504 => "connection_timeout",
        508 => "proxy_loop_detected",
        _ => "http_request_error",
    };
}
