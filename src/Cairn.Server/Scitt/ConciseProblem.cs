using System.Formats.Cbor;
using Microsoft.AspNetCore.Http;

namespace Cairn.Server.Scitt;

/// <summary>Errors as Concise Problem Details (RFC 9290 §2): a CBOR map of title (-1) and detail (-2), as SCRAPI asks.</summary>
internal sealed class ConciseProblem(int status, string title, string detail) : IResult
{
    public const string MediaType = "application/concise-problem-details+cbor";

    private const int Title = -1, Detail = -2;

    public static ConciseProblem Unavailable(string detail) => new(503, "Unavailable", detail);

    public static ConciseProblem Unauthorized(string detail) => new(401, "Unauthorized", detail);

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartMap(2);
        writer.WriteInt32(Title);
        writer.WriteTextString(title);
        writer.WriteInt32(Detail);
        writer.WriteTextString(detail);
        writer.WriteEndMap();
        var headers = httpContext.Response.Headers;
        if (status == 503)
        {
            headers.RetryAfter = "1";
        }

        if (status == 401)
        {
            headers.WWWAuthenticate = "Bearer";
        }

        httpContext.Response.StatusCode = status;
        return Results.Bytes(writer.Encode(), MediaType).ExecuteAsync(httpContext);
    }
}
