using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cairn.Evidence;
using Cairn.Evidence.Trust;
using Cairn.Identity;
using Cairn.Identity.Enrolment;
using Cairn.Sdk;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Cairn.Server.Access;

/// <summary><c>POST /v1/enrol</c>: a certificate request for an SVID (docs/spec/http-api.md §4).</summary>
internal sealed class EnrolmentRoute(CairnServerOptions options, LocalAuthority authority, TrustPolicy policy, ServerTokens tokens, JoinTokens joinTokens, Enrolments enrolments, EnrolmentTrail trail)
{
    private const int MaxBody = 64 * 1024;

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/enrol", (Delegate)EnrolAsync);

    private async Task<IResult> EnrolAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = MaxBody;
        }

        EnrolRequest? request;
        SvidRequest wanted;
        try
        {
            request = await context.Request.ReadFromJsonAsync<EnrolRequest>(context.RequestAborted);
            wanted = SvidRequest.Parse(Convert.FromBase64String(request?.Csr ?? ""));
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return Problems.Problem(400, "format", $"expected {{\"csr\": base64 of a PKCS#10 request, \"token\": join token or null}}: {e.Message}");
        }

        // What a join token must not give: the right to speak as the target system's log, or as the operator.
        var role = policy.RuleFor(wanted.Id)?.Role;
        if (wanted.Id.TrustDomain != authority.TrustDomain || role is not (EmitterRole.Agent or EmitterRole.Gateway))
        {
            return Problems.Problem(403, "id-not-allowed", $"{wanted.Id} can't be had by enrolment; expected spiffe://{authority.TrustDomain}/agent/… or spiffe://{authority.TrustDomain}/gateway/…, or another id that the trust policy gives to agents or gateways");
        }

        // Made before it is decided whether anybody gets it: its end stands in the record.
        IReadOnlyList<byte[]> chain;
        try
        {
            chain = authority.IssueFor(wanted, options.SvidLifetime);
        }
        catch (KeyRevokedException e)
        {
            options.Log($"refused an SVID for {wanted.Id} from {context.Connection.RemoteIpAddress}: its key {wanted.KeyThumbprint} was revoked");
            return Problems.Problem(403, "key-revoked", e.Message);
        }

        var (accessToken, refusal) = ((string?)null, EnrolmentRefusal.None);
        try
        {
            (accessToken, refusal) = await enrolments.EnrolAsync(
                wanted.Id, wanted.KeyThumbprint, () => tokens.IsEnrol(request!.Token) || joinTokens.Use(request!.Token, wanted.Id),
                () => trail.RecordAsync(wanted, role.Value, EndOf(chain[0]), context.RequestAborted), options.Time.GetUtcNow(), context.RequestAborted);
        }
        catch (EvidenceUnavailableException e)
        {
            options.Log($"did not enrol {wanted.Id}: {e.Message}");
            return Problems.Unavailable($"{wanted.Id} is not enrolled: that can't be recorded now; a join token for this id alone is used up and has to be made anew");
        }

        switch (refusal)
        {
            case EnrolmentRefusal.NoToken:
                options.Log($"refused to enrol {wanted.Id} from {context.Connection.RemoteIpAddress}: no or a wrong join token");
                return Problems.Unauthorized($"{wanted.Id} is not enrolled yet: the join token is needed, and what was sent is not it");
            case EnrolmentRefusal.IdTaken:
                options.Log($"refused to enrol {wanted.Id} from {context.Connection.RemoteIpAddress}: another key has that id");
                return Problems.Problem(409, "id-taken", $"{wanted.Id} is enrolled with another key; take another id, or have an operator remove its lines from enrolments.jsonl");
            default:
                options.Log($"gave an SVID to {wanted.Id} at {context.Connection.RemoteIpAddress}, key {wanted.KeyThumbprint}");
                return Results.Json(new
                {
                    chain = chain.Select(Convert.ToBase64String),
                    root = Convert.ToBase64String(authority.RootCertificate),
                    trust_domain = authority.TrustDomain,
                    access_token = accessToken,
                });
        }
    }

    private static DateTimeOffset EndOf(byte[] leaf)
    {
        using var certificate = X509CertificateLoader.LoadCertificate(leaf);
        return certificate.NotAfter;
    }

    private sealed record EnrolRequest([property: JsonPropertyName("csr")] string? Csr, [property: JsonPropertyName("token")] string? Token);
}
