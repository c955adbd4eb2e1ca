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
    Func<TrustBundleSet> bundles, TimeProvider time)
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
            1 when !isForUpstream => await ByHeaderAsync(context, header[0]!).ConfigureAwait(false),
            _ => ByConnection(context, route),
        };
        return route.Agents.Contains(caller.Agent.Name)
            ? caller
            : throw new CallerRejectedException(403, "not_permitted", $"{caller.Agent.Id} is none of the agents of {route.Path}");
    }

    private async ValueTask<AuthenticatedCaller> ByHeaderAsync(HttpContext context, string header)
    {
        var space = header.IndexOf(' ', StringComparison.Ordinal);
        var (scheme, token) = space < 0 ? (header, "") : (header[..space], header[(space + 1)..].Trim());
        var isBearer = scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase);
        if (token.Length == 0 || (!isBearer && !scheme.Equals("DPoP", StringComparison.OrdinalIgnoreCase)))
        {
            throw new CallerRejectedException(401, "credential_rejected", "expected Authorization: Bearer or DPoP with a token");
        }

        if (isBearer && tokens.Find(token) is { } known)
        {
            return new AuthenticatedCaller(known, CallerOf(context, known, "static-token"), null);
        }

        var failures = new List<string>();
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
                return await ByAccessTokenAsync(context, isBearer ? "Bearer" : "DPoP", token, accessTokens).ConfigureAwait(false);
            }
            catch (AccessTokenRejectedException e)
            {
                failures.Add(e.Message);
            }
        }

        throw new CallerRejectedException(401, "credential_rejected", failures.Count == 0 ? "the token is nobody's that this gateway knows" : string.Join("; ", failures.Distinct()));
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

    private async ValueTask<AuthenticatedCaller> ByAccessTokenAsync(HttpContext context, string scheme, string token, IAccessTokenVerifier verifier)
    {
        var request = context.Request;
        var shown = new ShownAccessToken(
            scheme, token, [.. request.Headers["DPoP"].OfType<string>()], new HttpMethod(request.Method), new Uri(request.GetEncodedUrl()),
            context.Connection.ClientCertificate is { } certificate ? Digest.Sha256(certificate.RawData) : null);
        var verified = await verifier.VerifyAsync(shown, context.RequestAborted).ConfigureAwait(false);
        var agent = configuration.Agents.FirstOrDefault(a => a.Id == verified.Holder && a.ByBrokerToken)
            ?? throw new AccessTokenRejectedException($"{verified.Holder} is no agent that this gateway knows by access token");
        var caller = CallerOf(context, agent, "oauth2") with
        {
            DelegationChain = verified.DelegationChain,
            Scopes = verified.Scopes,
            CredentialId = verified.Id,
            SubjectToken = token,
        };
        return new AuthenticatedCaller(agent, caller, verified.Expires);
    }

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
