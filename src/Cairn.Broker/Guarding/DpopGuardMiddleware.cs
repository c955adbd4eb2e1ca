using Cairn.Broker.Endpoints;
using Cairn.Evidence;
using Cairn.Identity.Credentials;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace Cairn.Broker;

/// <summary>A guard before an ASP.NET Core application: what follows it sees only requests that passed, with who calls.</summary>
public static class DpopGuardMiddleware
{
    private const string Algorithms = "ES256 RS256 PS256";

    /// <summary>Checks every request; <see cref="CallerOf"/> then tells who it is of. Refusals are answered by RFC 6750 §3 and RFC 9449 §7.1.</summary>
    /// <param name="app">The application.</param>
    /// <param name="guard">The guard; owned by the caller.</param>
    public static IApplicationBuilder UseDpopGuard(this IApplicationBuilder app, DpopGuard guard)
    {
        ArgumentNullException.ThrowIfNull(app);
        ArgumentNullException.ThrowIfNull(guard);
        return app.Use(async (context, next) =>
        {
            try
            {
                context.Features.Set(await guard.CheckAsync(RequestOf(context), context.RequestAborted));
            }
            catch (CredentialRefusedException e)
            {
                await RefuseAsync(context, guard, e);
                return;
            }

            if (guard.RequiresNonce)
            {
                context.Response.Headers["DPoP-Nonce"] = guard.NextNonce();
            }

            await next(context);
        });
    }

    /// <summary>Who a request is of that passed the guard.</summary>
    /// <exception cref="InvalidOperationException">No guard stood before it.</exception>
    public static GuardedCaller CallerOf(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<GuardedCaller>() ?? throw new InvalidOperationException("no guard checked this request; call UseDpopGuard before");
    }

    private static GuardedRequest RequestOf(HttpContext context) => new()
    {
        Method = context.Request.Method,
        Address = new Uri(context.Request.GetEncodedUrl()),
        Authorization = [.. context.Request.Headers.Authorization],
        Proofs = [.. context.Request.Headers["DPoP"]],
        Certificate = context.Connection.ClientCertificate,
        Context = TraceParent.TryParse(context.Request.Headers.TraceParent, out var trail) ? trail : null,
    };

    private static Task RefuseAsync(HttpContext context, DpopGuard guard, CredentialRefusedException refused)
    {
        context.Response.StatusCode = refused.Error switch
        {
            "unavailable" => StatusCodes.Status503ServiceUnavailable,
            "insufficient_scope" => StatusCodes.Status403Forbidden,
            "invalid_request" when context.Request.Headers.Authorization.Count > 0 => StatusCodes.Status400BadRequest,
            _ => StatusCodes.Status401Unauthorized,
        };

        // Who showed nothing learns the scheme only (RFC 6750 §3.1).
        var details = context.Request.Headers.Authorization.Count == 0 || refused.Error == "unavailable" ? "" : $"error=\"{refused.Error}\", error_description=\"{Refusals.Describe(refused.Message)}\", ";
        context.Response.Headers.WWWAuthenticate = $"DPoP {details}algs=\"{Algorithms}\"";
        if (refused.Error == "use_dpop_nonce")
        {
            context.Response.Headers["DPoP-Nonce"] = guard.NextNonce();
        }

        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync($"{refused.Error}: {refused.Message}\n", context.RequestAborted);
    }
}
