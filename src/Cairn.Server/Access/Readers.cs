using Microsoft.AspNetCore.Http;

namespace Cairn.Server.Access;

/// <summary>
/// Who may read what. Checkpoints are for everybody: they are meant to be compared. An enrolled emitter may ask for the
/// counts of a trail whose id it knows. All else takes the read token, unless the server was opened on loopback.
/// </summary>
internal sealed class Readers(CairnServerOptions options, ServerTokens tokens, Enrolments enrolments)
{
    /// <summary>A filter for routes that take the read token.</summary>
    public ValueTask<object?> RequireReader(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        IsReader(context.HttpContext) ? next(context) : Refused("read.token");

    /// <summary>A filter for routes that also take an emitter's access token.</summary>
    public ValueTask<object?> RequireReaderOrEmitter(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        IsReaderOrEmitter(context.HttpContext) ? next(context) : Refused("read.token, or the access token that enrolment gave");

    /// <summary>Whether a request has the read token, or needs none.</summary>
    public bool IsReader(HttpContext context) => options.Open || tokens.IsRead(Token(context));

    /// <summary>Whether a request has the read token or an emitter's access token, or needs none.</summary>
    public bool IsReaderOrEmitter(HttpContext context) => IsReader(context) || enrolments.IsAccess(Token(context));

    private static ValueTask<object?> Refused(string which) =>
        new(Problems.Unauthorized($"send Authorization: Bearer with the token in the data directory's {which}"));

    private static string? Token(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header["Bearer ".Length..].Trim() : null;
    }
}
