using System.Globalization;
using System.Security.Claims;
using Cairn.Broker.Evidence;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Identity.Credentials;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Cairn.Broker.Endpoints;

/// <summary>
/// The token endpoint: token exchange (RFC 8693 §2) and client credentials (RFC 6749 §4.4). OpenIddict has read the request
/// and checked the grant; who asks, what for and what is given is decided by the broker.
/// </summary>
internal sealed class TokenEndpoint(CredentialBroker broker, Reception reception) : IOpenIddictServerHandler<HandleTokenRequestContext>
{
    private const int MostLifetime = 86_400;

    public async ValueTask HandleAsync(HandleTokenRequestContext context)
    {
        try
        {
            var caller = await reception.AdmitAsync(context.Http(), EndpointAddresses.Token);
            context.SignIn(new ClaimsPrincipal(new ClaimsIdentity("cairn")), Answer(await IssueAsync(caller, context)));
        }
        catch (CredentialRefusedException e)
        {
            context.Transaction.Refuse(broker, e);
            context.Reject(Refusals.CodeOf(e), Refusals.Describe(e.Message));
        }
    }

    private async ValueTask<IssuedToken> IssueAsync(Caller caller, HandleTokenRequestContext context)
    {
        var subject = caller.Form["subject_token"];
        var parent = subject is null ? null : broker.Tokens.Find(subject, broker.Parts.Time.GetUtcNow());
        ExchangeRequest request;
        try
        {
            request = Read(caller, context.Request.GrantType == OpenIddictConstants.GrantTypes.ClientCredentials, caller.ContextFor(parent));
        }
        catch (CredentialRefusedException e)
        {
            await broker.RecordRefusalAsync(
                new Refusal(e.Error, e.Message) { Id = parent?.Id, Subject = parent?.Subject, Actors = parent?.Actors ?? [], HolderKey = caller.HolderKey },
                caller.ContextFor(parent), new Actor(caller.Client.Id, "", ""));
            throw;
        }

        return await broker.ExchangeAsync(request, context.CancellationToken);
    }

    private ExchangeRequest Read(Caller caller, bool isOwn, TraceParent context)
    {
        var form = caller.Form;
        if (isOwn && (form["subject_token"] ?? form["actor_token"]) is not null)
        {
            throw new CredentialRefusedException("invalid_request", "client_credentials takes neither subject_token nor actor_token; the grant for both is urn:ietf:params:oauth:grant-type:token-exchange");
        }

        if (form["requested_token_type"] is { } wanted and not (TokenTypes.AccessToken or TokenTypes.Jwt))
        {
            throw new CredentialRefusedException("invalid_request", $"requested_token_type is neither {TokenTypes.AccessToken} nor {TokenTypes.Jwt}");
        }

        if (form.Many("resource").FirstOrDefault(r => !Uri.TryCreate(r, UriKind.Absolute, out var uri) || uri.Fragment.Length > 0) is not null)
        {
            throw new CredentialRefusedException("invalid_target", "a resource is no absolute URI without fragment (RFC 8707 §2)");
        }

        return new ExchangeRequest
        {
            Client = caller.Client.Id,
            SubjectToken = form["subject_token"],
            SubjectTokenType = form["subject_token_type"] ?? TokenTypes.AccessToken,
            Actor = ActorOf(form),
            Audience = [.. form.Many("audience").Concat(form.Many("resource")).Distinct(StringComparer.Ordinal)],
            Scope = form.Words("scope"),
            Ttl = LifetimeOf(form),
            MayAct = form["may_act"] is not { } mayAct ? null
                : SpiffeId.TryParse(mayAct, out var workload) ? workload : throw new CredentialRefusedException("invalid_request", "may_act is not a SPIFFE ID"),
            HolderKey = caller.HolderKey,
            Context = context,
        };
    }

    // RFC 8693 §2.1: actor_token and its type go together. A JWT-SVID shows the actor; a gateway, which has seen it
    // itself, may give the bare id.
    private SpiffeId? ActorOf(FormParameters form) => (form["actor_token"], form["actor_token_type"]) switch
    {
        (null, null) => null,
        (null, _) or (_, null) => throw new CredentialRefusedException("invalid_request", "actor_token and actor_token_type go together (RFC 8693 §2.1), and one of them is missing"),
        (var id, TokenTypes.SpiffeId) => SpiffeId.TryParse(id, out var actor) ? actor : throw new CredentialRefusedException("invalid_request", "actor_token is not a SPIFFE ID"),
        (var token, TokenTypes.Jwt) => broker.Authorities.ActorOf(token, broker.Parts.Time.GetUtcNow()),
        _ => throw new CredentialRefusedException("invalid_request", $"actor_token_type is neither {TokenTypes.Jwt} nor {TokenTypes.SpiffeId}"),
    };

    private static TimeSpan? LifetimeOf(FormParameters form) => form["requested_expires_in"] is not { } text
        ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 1 and <= MostLifetime
            ? TimeSpan.FromSeconds(seconds)
            : throw new CredentialRefusedException("invalid_request", $"requested_expires_in is no whole number of seconds from 1 to {MostLifetime}");

    // RFC 8693 §2.2.1, RFC 9449 §5.
    private Dictionary<string, OpenIddictParameter> Answer(IssuedToken issued) => new(StringComparer.Ordinal)
    {
        ["access_token"] = issued.Token,
        ["issued_token_type"] = TokenTypes.AccessToken,
        ["token_type"] = issued.TokenType,
        ["expires_in"] = (long)Math.Max(0, (issued.Entry.Expires - broker.Parts.Time.GetUtcNow()).TotalSeconds),
        ["scope"] = string.Join(' ', issued.Entry.Scope),
    };
}
