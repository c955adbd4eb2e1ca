using Cairn.Evidence;

namespace Cairn.Broker;

/// <summary>Types of tokens (RFC 8693 §3).</summary>
public static class TokenTypes
{
    /// <summary>An access token of this broker.</summary>
    public const string AccessToken = "urn:ietf:params:oauth:token-type:access_token";

    /// <summary>A JWT: a JWT-SVID, or a token of a configured issuer.</summary>
    public const string Jwt = "urn:ietf:params:oauth:token-type:jwt";

    /// <summary>An ID token of a configured issuer.</summary>
    public const string IdToken = "urn:ietf:params:oauth:token-type:id_token";

    /// <summary>Cairn's own: a SPIFFE ID in place of an actor token, from a gateway that has authenticated the workload.</summary>
    public const string SpiffeId = "urn:cairn:params:oauth:token-type:spiffe-id";
}

/// <summary>A request for a token, from a workload whose identity is established.</summary>
public sealed record ExchangeRequest
{
    /// <summary>The workload that asks.</summary>
    public required SpiffeId Client { get; init; }

    /// <summary>Whose authority it is (RFC 8693 <c>subject_token</c>); null: the actor's own, by the rules of the settings.</summary>
    public string? SubjectToken { get; init; }

    /// <summary>One of <see cref="TokenTypes"/>.</summary>
    public string SubjectTokenType { get; init; } = TokenTypes.AccessToken;

    /// <summary>Who will act, where it is not the client itself; for gateways only. Its identity is established.</summary>
    public SpiffeId? Actor { get; init; }

    /// <summary>For whom; empty: for whom the subject token is.</summary>
    public IReadOnlyList<string> Audience { get; init; } = [];

    /// <summary>What; empty: all that the subject token permits.</summary>
    public IReadOnlyList<string> Scope { get; init; } = [];

    /// <summary>Longest lifetime; null: the most that is allowed.</summary>
    public TimeSpan? Ttl { get; init; }

    /// <summary>The only workload that may exchange the new token further; null: whoever shows possession.</summary>
    public SpiffeId? MayAct { get; init; }

    /// <summary>The key that the client has shown possession of: <c>jkt:</c> or <c>x5t#S256:</c> and the thumbprint. The token is bound to it.</summary>
    public string? HolderKey { get; init; }

    /// <summary>The trail, and the span that asks.</summary>
    public required TraceParent Context { get; init; }

    /// <summary>Which running copy asks, for the records.</summary>
    public string Instance { get; init; } = "";

    /// <summary>Who answers for it, for the records.</summary>
    public string Owner { get; init; } = "";
}

/// <summary>An operator's grant: the first token of a chain. It can be exchanged and is good for nothing else.</summary>
public sealed record GrantRequest
{
    /// <summary>On whose behalf, such as a person's address.</summary>
    public required string Subject { get; init; }

    /// <summary>For whom tokens may be issued under it.</summary>
    public required IReadOnlyList<string> Audience { get; init; }

    /// <summary>What they may permit.</summary>
    public required IReadOnlyList<string> Scope { get; init; }

    /// <summary>How long.</summary>
    public required TimeSpan Ttl { get; init; }

    /// <summary>The only workload that may exchange it; null: any that authenticates.</summary>
    public SpiffeId? MayAct { get; init; }

    /// <summary>The trail, and the span in it.</summary>
    public required TraceParent Context { get; init; }

    /// <summary>Who grants it.</summary>
    public required string By { get; init; }
}
