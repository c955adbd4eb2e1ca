using System.Security.Cryptography.X509Certificates;
using Cairn.Evidence;

namespace Cairn.Broker;

/// <summary>What of a request to a protected resource counts.</summary>
public sealed record GuardedRequest
{
    /// <summary>Its method.</summary>
    public required string Method { get; init; }

    /// <summary>Its address, as the client asked for it.</summary>
    public required Uri Address { get; init; }

    /// <summary>The values of its <c>Authorization</c> header fields.</summary>
    public IReadOnlyList<string?> Authorization { get; init; } = [];

    /// <summary>The values of its <c>DPoP</c> header fields.</summary>
    public IReadOnlyList<string?> Proofs { get; init; } = [];

    /// <summary>The certificate of the TLS client; null: it showed none.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>The trail that it belongs to; null: it does not say.</summary>
    public TraceParent? Context { get; init; }

    /// <summary>What it needs beside what every request needs.</summary>
    public IReadOnlyList<string> Scope { get; init; } = [];
}

/// <summary>Who calls, and under which authority: what a token said that held, shown by whoever holds its key.</summary>
/// <param name="TokenId">The token's public id, <c>jti</c>.</param>
/// <param name="Subject">On whose behalf.</param>
/// <param name="Actors">Who acts, outermost first.</param>
/// <param name="Client">The workload that the token was given to.</param>
/// <param name="Scope">What it permits.</param>
/// <param name="HolderKey">Thumbprint of the key that it is bound to; null: to none.</param>
/// <param name="Proof">How possession was shown: none, dpop or mtls.</param>
/// <param name="Expires">When it ends.</param>
public sealed record GuardedCaller(
    string TokenId, string Subject, IReadOnlyList<string> Actors, string? Client, IReadOnlyList<string> Scope, string? HolderKey, string Proof, DateTimeOffset Expires);
