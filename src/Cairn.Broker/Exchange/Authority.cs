using Cairn.Broker.Tokens;
using Cairn.Evidence;
using Cairn.Identity.Bundles;
using Cairn.Identity.Credentials;
using Cairn.Identity.Svids;

namespace Cairn.Broker.Exchange;

/// <summary>What a subject token stands for, after every check of its own.</summary>
/// <param name="Subject">On whose behalf.</param>
/// <param name="Actors">Who acted for it so far, outermost first.</param>
/// <param name="Ceiling">The most that can be had under it.</param>
/// <param name="Parent">Its public id for the record; null without one.</param>
/// <param name="Entry">The store's entry; null for what was issued elsewhere.</param>
internal sealed record Authority(string Subject, IReadOnlyList<string> Actors, Ceiling Ceiling, string? Parent, CredentialEntry? Entry);

/// <summary>Reads subject tokens of each kind.</summary>
internal sealed class Authorities(BrokerSettings settings, AccessTokens tokens, Func<TrustBundleSet> bundles)
{
    /// <summary>What the request's subject token stands for.</summary>
    /// <exception cref="CredentialRefusedException">It is not valid, or does not let this actor act.</exception>
    /// <exception cref="RefusedOfException">The same, of a token that is known here.</exception>
    public Authority Of(ExchangeRequest request, SpiffeId actor, DateTimeOffset now)
    {
        if (request.SubjectToken is not { } token)
        {
            return OwnOf(actor, null, now);
        }

        switch (request.SubjectTokenType)
        {
            case TokenTypes.AccessToken:
                var entry = tokens.Require(token, now);
                RequirePossession(entry, request, actor);
                return new Authority(entry.Subject, entry.Actors, new Ceiling(entry.Audience, entry.Scope, entry.Expires, entry.Depth), entry.Id, entry);
            case TokenTypes.Jwt or TokenTypes.IdToken:
                return Foreign(token, actor, now);
            case TokenTypes.SpiffeId when token == actor.ToString():
                return OwnOf(actor, null, now); // the actor's identity is established: by its own word, or by a gateway's
            default:
                throw new CredentialRefusedException("invalid_request", $"subject_token_type is none of {TokenTypes.AccessToken}, {TokenTypes.Jwt}, {TokenTypes.IdToken}");
        }
    }

    /// <summary>The workload that an <c>actor_token</c> shows, a JWT-SVID for this broker.</summary>
    /// <exception cref="CredentialRefusedException"><c>invalid_request</c> (RFC 8693 §2.2.2): it does not hold.</exception>
    public SpiffeId ActorOf(string token, DateTimeOffset now)
    {
        try
        {
            return JwtSvidValidator.Validate(token, settings.Issuer, bundles(), now).Id;
        }
        catch (SvidRejectedException e)
        {
            throw new CredentialRefusedException("invalid_request", $"the actor token is no JWT-SVID that holds: {e.Message}", e);
        }
    }

    // Possession is shown by the key, by being the one workload that may act, or by a gateway that has checked the proof
    // itself. A token that names who may act is for that one alone, whoever holds its key (RFC 8693 §4.4).
    private void RequirePossession(CredentialEntry entry, ExchangeRequest request, SpiffeId actor)
    {
        if (entry.MayAct is not null)
        {
            if (entry.MayAct != actor.ToString())
            {
                throw new RefusedOfException(entry, "invalid_grant", $"the subject token names who may act, and it is not {actor}");
            }

            return;
        }

        if (entry.HolderKey is not null && entry.HolderKey != request.HolderKey && !settings.IsGateway(request.Client))
        {
            throw new RefusedOfException(entry, "invalid_grant", "the subject token is bound to a key that the request shows no possession of");
        }
    }

    private Authority Foreign(string token, SpiffeId actor, DateTimeOffset now)
    {
        CompactJws? jws;
        try
        {
            jws = CompactJws.Parse(token, "the subject token");
        }
        catch (TokenFormatException)
        {
            jws = null; // a JWT-SVID may have algorithms that are not accepted elsewhere
        }

        try
        {
            return jws?.Claims.Text("iss") is { } issuer && settings.Issuers.FirstOrDefault(i => i.Issuer == issuer) is { } known
                ? PersonOf(jws, known, actor, now)
                : Workload(token, actor, now);
        }
        catch (TokenFormatException e)
        {
            throw new CredentialRefusedException("invalid_grant", e.Message, e);
        }
    }

    private Authority Workload(string token, SpiffeId actor, DateTimeOffset now)
    {
        try
        {
            var svid = JwtSvidValidator.Validate(token, settings.Issuer, bundles(), now);
            return svid.Id == actor
                ? OwnOf(svid.Id, svid, now)
                : throw new CredentialRefusedException("invalid_grant", $"the subject token is a JWT-SVID of {svid.Id}; another workload ({actor}) can't act for it without a token of this broker that says so");
        }
        catch (SvidRejectedException e)
        {
            throw new CredentialRefusedException("invalid_grant", $"the subject token is neither of a configured issuer nor a JWT-SVID that holds: {e.Message}", e);
        }
    }

    private Authority OwnOf(SpiffeId workload, VerifiedJwtSvid? svid, DateTimeOffset now)
    {
        var rule = settings.RuleFor(workload)
            ?? throw new CredentialRefusedException("unauthorized_client", $"no rule lets {workload} have a token on its own; it needs a subject token");
        var end = now.AddSeconds(rule.TtlS);
        return new Authority(workload.ToString(), [], new Ceiling(rule.Audience, rule.Scope, svid is { } s && s.Expires < end ? s.Expires : end, 0), svid?.TokenId, null);
    }

    private Authority PersonOf(CompactJws jws, ForeignIssuer issuer, SpiffeId actor, DateTimeOffset now)
    {
        var skew = TimeSpan.FromSeconds(settings.ClockSkewS);
        var keys = issuer.Jwks.TryGetProperty("keys", out var list) && list.ValueKind == System.Text.Json.JsonValueKind.Array
            ? list.EnumerateArray().Select(PublicJwk.Parse).Where(k => jws.KeyId is null || k.KeyId is null || k.KeyId == jws.KeyId)
            : throw new CredentialRefusedException("invalid_grant", $"no keys are configured for {issuer.Issuer}");
        if (!keys.Any(jws.IsSignedBy))
        {
            throw new CredentialRefusedException("invalid_grant", $"the subject token is signed by no key of {issuer.Issuer}");
        }

        if (!jws.Claims.Texts("aud").Contains(issuer.Audience, StringComparer.Ordinal))
        {
            throw new CredentialRefusedException("invalid_grant", $"the subject token is not for the audience {issuer.Audience}");
        }

        var expires = jws.Claims.Date("exp") ?? throw new CredentialRefusedException("invalid_grant", "the subject token has no \"exp\"");
        if (expires + skew <= now || jws.Claims.Date("nbf") > now + skew || jws.Claims.Date("iat") > now + skew)
        {
            throw new CredentialRefusedException("invalid_grant", "the subject token has expired or is from the future");
        }

        if (jws.Claims.TryGetProperty("may_act", out var mayAct) && (mayAct.ValueKind != System.Text.Json.JsonValueKind.Object || mayAct.Text("sub") != actor.ToString()))
        {
            throw new CredentialRefusedException("invalid_grant", $"the subject token names who may act, and it is not {actor}");
        }

        var subject = jws.Claims.Text("sub") is { Length: > 0 and <= 512 } sub ? sub : throw new CredentialRefusedException("invalid_grant", "the subject token has no \"sub\" of 1 to 512 characters");
        IReadOnlyList<string> scope = jws.Claims.Text("scope") is { } own ? [.. issuer.Scope.Intersect(own.Split(' '), StringComparer.Ordinal)] : issuer.Scope;
        return new Authority(subject, [], new Ceiling(issuer.Targets, scope, expires, 0), jws.Claims.Text("jti"), null);
    }
}
