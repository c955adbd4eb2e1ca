using Cairn.Evidence;

namespace Cairn.Broker;

/// <summary>Where a credential is in its life.</summary>
public enum CredentialState
{
    /// <summary>Being issued: its record is not durable yet, nobody has it.</summary>
    Pending,

    /// <summary>Issued; over when its time is.</summary>
    Active,

    /// <summary>Revoked, by itself or with an ancestor.</summary>
    Revoked,

    /// <summary>Its time is over and that is recorded.</summary>
    Expired,
}

/// <summary>What a broker keeps of a credential: never the token itself.</summary>
public sealed record CredentialEntry
{
    /// <summary>Public id, <c>jti</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Public id of the credential that it was exchanged for; null for the first of a chain.</summary>
    public string? Parent { get; init; }

    /// <summary>On whose behalf.</summary>
    public required string Subject { get; init; }

    /// <summary>The chain of actors, outermost first (RFC 8693 §4.1).</summary>
    public IReadOnlyList<string> Actors { get; init; } = [];

    /// <summary>For whom.</summary>
    public required IReadOnlyList<string> Audience { get; init; }

    /// <summary>What.</summary>
    public required IReadOnlyList<string> Scope { get; init; }

    /// <summary>Thumbprint of the key that it is bound to: <c>jkt:</c> (RFC 9449) or <c>x5t#S256:</c> (RFC 8705) before it; null: to none.</summary>
    public string? HolderKey { get; init; }

    /// <summary>The only workload that may exchange it (RFC 8693 §4.4); null: whoever shows possession.</summary>
    public string? MayAct { get; init; }

    /// <summary>The workload that it was given to; null for an operator's grant.</summary>
    public string? Client { get; init; }

    /// <summary>Whether it can only be exchanged, not used.</summary>
    public bool IsGrant { get; init; }

    /// <summary>How often authority was handed on before.</summary>
    public int Depth { get; init; }

    /// <summary>The trail that it belongs to.</summary>
    public required TraceId Trace { get; init; }

    /// <summary>The span that asked for it.</summary>
    public required SpanId Span { get; init; }

    /// <summary>When it was issued.</summary>
    public required DateTimeOffset Issued { get; init; }

    /// <summary>When it ends.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>Where it is in its life.</summary>
    public CredentialState State { get; init; }
}

/// <summary>A token as its holder gets it, once.</summary>
/// <param name="Entry">What is kept of it.</param>
/// <param name="Token">The token: a secret.</param>
/// <param name="Issuer">Who issued it.</param>
public sealed record IssuedToken(CredentialEntry Entry, string Token, string Issuer)
{
    /// <summary><c>DPoP</c> where it is bound to a key by RFC 9449, else <c>Bearer</c>.</summary>
    public string TokenType => Entry.HolderKey?.StartsWith("jkt:", StringComparison.Ordinal) == true ? "DPoP" : "Bearer";
}
