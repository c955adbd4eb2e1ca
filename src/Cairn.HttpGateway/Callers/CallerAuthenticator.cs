using Cairn.Evidence;
using Cairn.Gateway.Authority;
using Cairn.HttpGateway.Configuration;
using Cairn.Identity.Bundles;
using Cairn.Identity.Svids;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace Cairn.HttpGateway.Callers;

/// <summary>
/// Finds out who sent a request: by what its <c>Authorization</c> header shows, else by the TLS handshake, else, where the
/// configuration says so, by its coming from this machine. A credential that is shown and no good is never passed over
/// for a weaker way.
/// </summary>
internal sealed class CallerAuthenticator(
    GatewayConfiguration configuration, StaticTokens tokens, CertificateCallers certificates, IAccessTokenVerifier? accessTokens,
    Func<RejectedAccessToken, AccessTokenRejectedException, Route, ValueTask> rejected, Func<TrustBundleSet> bundles, TimeProvider time)
{
    /// <summary>The caller of a route.</summary>
    /// <exception cref="CallerRejectedException">Nobody that the route is for.</exception>
    public async ValueTask<AuthenticatedCaller> AuthenticateAsync(HttpContext context, Route route)
    {
        var header = context.Request.Headers.Authorization;
        var isForUpstream = route.Upstream.ForwardsAuthorization;
        var caller = header.Count switch
        {
            > 1 => throw new CallerRejectedException(401, "credential_rejected", "expected one Authorization header, found several"),
            1 when !isForUpstream => await ByHeaderAsync(context, route, header[0]!).ConfigureAwait(false),
            _ => ByConnection(context, route),
        };
        return Stranger(route, caller.Agent) is { } why ? throw new CallerRejectedException(403, "not_permitted", why) : caller;
    }

    private async ValueTask<AuthenticatedCaller> ByHeaderAsync(HttpContext context, Route route, string header)
    {
        var space = header.IndexOf(' ', StringComparison.Ordinal);
        var (scheme, token) = space < 0 ? (header, "") : (header[..space], header[(space + 1)..].Trim());
        var isBearer = scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase);
        if (token.Length == 0 || (!isBearer && !scheme.Equals("DPoP", StringComparison.OrdinalIgnoreCase)))
        {
            throw new CallerRejectedException(401, "credential_rejected", "expected Authorization: Bearer or DPoP with a token");
        }

        if (isBearer && tokens.Find(token) is { } owner)
        {
            return new AuthenticatedCaller(owner, CallerOf(context, owner, "static-token"), null);
        }

        var (failures, error) = (new List<string>(), (string?)null);
        if (isBearer && token.Count(c => c == '.') == 2)
        {
            if (ByJwtSvid(context, token, failures) is { } workload)
            {
                return workload;
            }
        }

        if (accessTokens is not null && configuration.Agents.Any(a => a.ByBrokerToken))
        {
            try
            {
                return await ByAccessTokenAsync(context, route, isBearer ? "Bearer" : "DPoP", token, accessTokens).ConfigureAwait(false);
            }
            catch (AccessTokenRejectedException e)
            {
                if (e.Token is { } known)
                {
                    await rejected(known, e, route).ConfigureAwait(false);
                }

                error = e.Error;
                failures.Add(e.Message);
            }
        }

        var reasons = failures.Count == 0 ? "the token is nobody's that this gateway knows" : string.Join("; ", failures.Distinct());
        throw error switch
        {
            "unavailable" => new CallerRejectedException(503, "broker_unavailable", reasons),
            "unauthorized_client" => new CallerRejectedException(403, "not_permitted", reasons),
            _ => new CallerRejectedException(401, "credential_rejected", reasons) { TokenError = error },
        };
    }

    private AuthenticatedCaller? ByJwtSvid(HttpContext context, string token, List<string> failures)
    {
        foreach (var audience in configuration.Agents.Select(a => a.JwtAudience).OfType<string>().Distinct())
        {
            try
            {
                var svid = JwtSvidValidator.Validate(token, audience, bundles(), time.GetUtcNow());
                if (configuration.Agents.FirstOrDefault(a => a.Id == svid.Id && a.JwtAudience == audience) is { } agent)
                {
                    var caller = CallerOf(context, agent, "jwt-svid") with { CredentialId = svid.TokenId, SubjectToken = token };
                    return new AuthenticatedCaller(agent, caller, svid.Expires);
                }

                failures.Add($"{svid.Id} is no agent that this gateway knows by JWT-SVID");
            }
            catch (SvidRejectedException e)
            {
                failures.Add(e.Message);
            }
        }

        return null;
    }

    private async ValueTask<AuthenticatedCaller> ByAccessTokenAsync(HttpContext context, Route route, string scheme, string token, IAccessTokenVerifier verifier)
    {
        var request = context.Request;
        if (context.Connection.ClientCertificate is { } certificate)
        {
            // A token that is bound to a certificate holds no longer than the certificate, and the connection outlives both.
            certificates.Check(certificate);
        }

        Agent? AgentOf(SpiffeId id) => configuration.Agents.FirstOrDefault(a => a.Id == id && a.ByBrokerToken);
        var shown = new ShownAccessToken(
            scheme, token, [.. request.Headers["DPoP"].OfType<string>()], new HttpMethod(request.Method), new Uri(request.GetEncodedUrl()), context.Connection.ClientCertificate)
        {
            Context = TraceParent.TryParse(request.Headers.TraceParent, out var named) ? named : null,
            Unless = id => AgentOf(id) is { } known ? Stranger(route, known) : $"{id} is no agent that this gateway knows by access token",
        };
        var verified = await verifier.VerifyAsync(shown, context.RequestAborted).ConfigureAwait(false);
        var agent = AgentOf(verified.Holder) ?? throw new AccessTokenRejectedException("unauthorized_client", shown.Unless(verified.Holder)!);
        var caller = CallerOf(context, agent, "oauth2") with
        {
            DelegationChain = verified.DelegationChain,
            Scopes = verified.Scopes,
            CredentialId = verified.Id,
            SubjectToken = token,
        };
        return new AuthenticatedCaller(agent, caller, verified.Expires);
    }

    private static string? Stranger(Route route, Agent agent) => route.Agents.Contains(agent.Name) ? null : $"{agent.Id} is none of the agents of {route.Path}";

    private AuthenticatedCaller ByConnection(HttpContext context, Route route)
    {
        if (context.Connection.ClientCertificate is { } certificate)
        {
            var svid = certificates.Check(certificate);
            var agent = configuration.Agents.FirstOrDefault(a => a.Id == svid.Id && a.ByCertificate)
                ?? throw new CallerRejectedException(403, "not_permitted", $"{svid.Id} is no agent that this gateway knows by certificate");
            var caller = CallerOf(context, agent, "x509-svid") with { CredentialId = $"x5t#S256:{svid.Thumbprint}" };
            return new AuthenticatedCaller(agent, caller, svid.NotAfter);
        }

        return configuration.Agents.FirstOrDefault(a => a.ByLoopback && route.Agents.Contains(a.Name)) is { } local
            ? new AuthenticatedCaller(local, CallerOf(context, local, "loopback"), null)
            : throw new CallerRejectedException(401, "unauthenticated", "this request shows no credential");
    }

    private static Caller CallerOf(HttpContext context, Agent agent, string authenticated) => new()
    {
        Agent = agent.Id,
        Instance = context.Connection.RemoteIpAddress is { } address ? $"{address}:{context.Connection.RemotePort}" : "unknown",
        Owner = agent.Owner,
        Authenticated = authenticated,
    };
}
