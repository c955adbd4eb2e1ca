using Cairn.Broker;
using Cairn.Evidence;
using Cairn.HttpGateway.Callers;
using Cairn.Identity.Credentials;

namespace Cairn.Cli.Authorize;

/// <summary>
/// Checks access tokens of the broker for <c>cairn gateway</c>: signature, audience, time, possession of the key, that the proof
/// was not shown before, and, last, with the broker itself, which records the use before it says yes.
/// </summary>
/// <param name="guard">What checks; owned by this object from now on.</param>
/// <param name="issuer">The broker.</param>
internal sealed class BrokerTokens(DpopGuard guard, string issuer) : IAccessTokenVerifier, IDisposable
{
    /// <inheritdoc/>
    public async ValueTask<VerifiedAccessToken> VerifyAsync(ShownAccessToken shown, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(shown);
        var request = new GuardedRequest
        {
            Method = shown.Method.Method,
            Address = shown.Address,
            Authorization = [$"{shown.Scheme} {shown.Token}"],
            Proofs = shown.Proofs,
            Certificate = shown.ClientCertificate,
            Context = shown.Context,
            Unless = caller => HolderOf(caller) is { } id ? shown.Unless(id) : $"{ActingBy(caller)} is no workload",
        };
        try
        {
            var caller = await guard.CheckAsync(request, cancellationToken);
            return new VerifiedAccessToken
            {
                Holder = HolderOf(caller)!.Value,
                DelegationChain = ChainOf(caller),
                Scopes = caller.Scope,
                Id = caller.TokenId,
                Expires = caller.Expires,
            };
        }
        catch (TokenRefusedException e)
        {
            throw new AccessTokenRejectedException(e.Error, e.Message, e)
            {
                Token = new RejectedAccessToken(e.Token.TokenId, issuer, e.Token.Subject)
                {
                    Actors = e.Token.Actors, Audience = e.Token.Audience, Scope = e.Token.Scope, HolderKey = e.Token.HolderKey,
                },
            };
        }
        catch (CredentialRefusedException e)
        {
            throw new AccessTokenRejectedException(e.Error, e.Message, e);
        }
    }

    public void Dispose() => guard.Dispose();

    // RFC 8693 §4.1: the outermost actor is the one that acts now; where nobody acts for another, the subject does.
    private static string ActingBy(GuardedCaller caller) => caller.Actors is [var newest, ..] ? newest : caller.Subject;

    private static SpiffeId? HolderOf(GuardedCaller caller) => SpiffeId.TryParse(ActingBy(caller), out var id) ? id : null;

    /// <summary>From the principal to the last giver. Who acts on its own behalf was given nothing.</summary>
    private static IReadOnlyList<string> ChainOf(GuardedCaller caller) =>
        caller.Actors is [] ? [] : [caller.Subject, .. caller.Actors.Skip(1).Reverse()];
}
