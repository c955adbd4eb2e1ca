using Cairn.Broker.Tokens;
using Cairn.Identity.Credentials;

namespace Cairn.Broker.Proofs;

/// <summary>What a DPoP proof must say about the request that it came with (RFC 9449 §4.3, steps 1 and 8 to 12).</summary>
/// <param name="Age">How old it may be.</param>
/// <param name="Skew">How far the maker's clock may be from this one's, either way.</param>
/// <param name="Nonces">Who made the nonces that may be in it.</param>
/// <param name="RequireNonce">Whether it must have one (§8, §9).</param>
internal sealed record ProofRules(TimeSpan Age, TimeSpan Skew, NonceKey Nonces, bool RequireNonce)
{
    /// <summary>How long a proof has to be remembered, so that it is not taken twice: as long as it could be taken at all.</summary>
    public TimeSpan Memory => Age + (2 * Skew) + TimeSpan.FromSeconds(1);

    /// <summary>Reads the proof of a request and holds it to these rules. That it was not shown before is for the caller to check, last.</summary>
    /// <param name="proofs">The values of the request's <c>DPoP</c> header fields.</param>
    /// <param name="method">The request's method.</param>
    /// <param name="address">The address that the client asked for.</param>
    /// <param name="token">The token that came along; null at a token endpoint.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="CredentialRefusedException"><c>invalid_dpop_proof</c>, or <c>use_dpop_nonce</c> (§5, §8).</exception>
    public DpopProof Require(IReadOnlyList<string?> proofs, string method, Uri address, string? token, DateTimeOffset now)
    {
        if (proofs is not [{ } text])
        {
            throw Invalid($"expected one DPoP header field, found {proofs.Count}");
        }

        DpopProof proof;
        try
        {
            proof = DpopProof.Parse(text);
        }
        catch (TokenFormatException e)
        {
            throw new CredentialRefusedException("invalid_dpop_proof", e.Message, e);
        }

        if (!proof.IsFor(method, address))
        {
            throw Invalid($"the proof's \"htm\" and \"htu\" are not of this request; expected {method} {address.GetLeftPart(UriPartial.Path)}");
        }

        if (proof.Issued > now + Skew)
        {
            throw Invalid($"the proof's \"iat\" is {(proof.Issued - now).TotalSeconds:0} s ahead of this clock; at most {Skew.TotalSeconds:0} are accepted");
        }

        if (proof.Issued < now - Age - Skew)
        {
            throw Invalid($"the proof is {(now - proof.Issued).TotalSeconds:0} s old; at most {(Age + Skew).TotalSeconds:0} are accepted");
        }

        if (token is not null && !proof.IsForToken(token))
        {
            throw Invalid("the proof's \"ath\" is missing or not of the token that it came with");
        }

        return (RequireNonce || proof.Nonce is not null) && !Nonces.IsFresh(proof.Nonce, now, Age + Skew)
            ? throw new CredentialRefusedException("use_dpop_nonce", "the proof needs a fresh nonce of this server; the DPoP-Nonce header field holds one")
            : proof;
    }

    private static CredentialRefusedException Invalid(string why) => new("invalid_dpop_proof", why);
}
