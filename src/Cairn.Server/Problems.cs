using Microsoft.AspNetCore.Http;

namespace Cairn.Server;

/// <summary>
/// Errors as problem documents (RFC 9457) with a stable <c>code</c>. For a submission, 422, 400 with code <c>format</c> and
/// 413 with code <c>too-large</c> are final; everything else means: the same bytes again later.
/// </summary>
internal static class Problems
{
    public static IResult Problem(int status, string code, string detail) =>
        Results.Problem(detail, statusCode: status, title: Title(status), type: $"urn:cairn:problem:{code}", extensions: new Dictionary<string, object?> { ["code"] = code });

    public static IResult Unauthorized(string detail) => new WithHeader(Problem(401, "unauthorized", detail), "WWW-Authenticate", "Bearer");

    public static IResult Unavailable(string detail) => new WithHeader(Problem(503, "unavailable", detail), "Retry-After", "1");

    private static string Title(int status) => status switch
    {
        400 => "The request is not well formed",
        401 => "A token is needed",
        403 => "Not allowed",
        404 => "Not found",
        409 => "In conflict with what is there",
        413 => "Too large",
        415 => "Another media type is expected",
        422 => "The statement is refused",
        _ => "The ledger can't do this now",
    };

    private sealed class WithHeader(IResult inner, string name, string value) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers[name] = value;
            return inner.ExecuteAsync(httpContext);
        }
    }
}
