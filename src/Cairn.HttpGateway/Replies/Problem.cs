using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Cairn.HttpGateway.Replies;

/// <summary>Errors where no JSON-RPC applies, as problem documents (RFC 9457) with a stable <c>code</c>.</summary>
internal static class Problem
{
    public static async Task WriteAsync(HttpContext context, int status, string code, string detail, string? tokenError = null)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        context.Response.Clear();
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/problem+json";
        context.Response.Headers.CacheControl = "no-store";
        if (status == 401)
        {
            // RFC 6750 §3.1: who showed nothing learns the schemes only. RFC 9449 §7.1: what a DPoP token lacks, and how proofs may be signed.
            context.Response.Headers.WWWAuthenticate = code == "unauthenticated"
                ? "Bearer, DPoP"
                : $"Bearer error=\"invalid_token\", DPoP error=\"{tokenError ?? "invalid_token"}\"{(tokenError is null ? "" : ", algs=\"ES256 RS256 PS256\"")}";
        }
        else if (status == 503)
        {
            context.Response.Headers.RetryAfter = "1";
        }

        await using (var writer = new Utf8JsonWriter(context.Response.BodyWriter))
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, $"urn:cairn:problem:{code}");
            writer.WriteString("title"u8, Title(status));
            writer.WriteNumber("status"u8, status);
            writer.WriteString("detail"u8, detail);
            writer.WriteString("code"u8, code);
            writer.WriteEndObject();
        }

        await context.Response.CompleteAsync().ConfigureAwait(false);
    }

    private static string Title(int status) => status switch
    {
        400 => "The request is not well formed",
        401 => "A credential is needed",
        403 => "Not allowed",
        404 => "Not found",
        405 => "This method is not known here",
        413 => "Too large",
        421 => "This host is not served here",
        502 => "The server behind the gateway did not answer as it should",
        503 => "Not now",
        504 => "The server behind the gateway did not answer in time",
        _ => "The gateway failed",
    };
}
