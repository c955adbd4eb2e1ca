namespace Cairn.Broker;

/// <summary>What a resource asks of the tokens that it is shown.</summary>
public sealed record DpopGuardOptions
{
    /// <summary>The broker whose tokens count, as <c>iss</c> says it.</summary>
    public required string Issuer { get; init; }

    /// <summary>The resource's own names: a token must be for one of them.</summary>
    public required IReadOnlyList<string> Audience { get; init; }

    /// <summary>What every request needs; a route may ask for more.</summary>
    public IReadOnlyList<string> Scope { get; init; } = [];

    /// <summary>The key set's address; null: <c>jwks</c> under the issuer.</summary>
    public Uri? KeysAddress { get; init; }

    /// <summary>The address that clients know the resource by, where it is not the one that it listens at: proofs are made for it.</summary>
    public Uri? Address { get; init; }

    /// <summary>Whether tokens that are bound to no key count. Only where a token can't be copied on its way.</summary>
    public bool AllowUnbound { get; init; }

    /// <summary>How old a proof may be.</summary>
    public TimeSpan ProofAge { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How far another machine's clock may be from this one's, either way.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether proofs must carry a nonce of this resource (RFC 9449 §9).</summary>
    public bool RequireNonce { get; init; }

    /// <summary>
    /// Asks the broker whether the token still holds, and has the use recorded; null: the signature alone decides until the
    /// token ends. Owned by the caller.
    /// </summary>
    public IIntrospection? Introspection { get; init; }

    /// <summary>How the key set is fetched; null: over the network. Disposed with the guard.</summary>
    public HttpMessageHandler? Handler { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
