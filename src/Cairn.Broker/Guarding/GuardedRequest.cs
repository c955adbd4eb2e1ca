using System.Security.Cryptography.X509Certificates;
using Cairn.Evidence;
using Cairn.Identity.Credentials;

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

    /// <summary>Looks at who calls before the use is recorded, and says why such a one is not served; null: it is. Null itself: everyone is.</summary>
    public Func<GuardedCaller, string?>? Unless { get; init; }
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
    string TokenId, string Subject, IReadOnlyList<string> Actors, string? Client, IReadOnlyList<string> Scope, string? HolderKey, string Proof, DateTimeOffset Expires)
{
    /// <summary>Whom the token is for.</summary>
    public IReadOnlyList<string> Audience { get; init; } = [];
}

/// <summary>A token that the broker signed is not accepted: it is over, for somebody else, or shown by one who does not hold its key.</summary>
/// <param name="token">What the token says.</param>
/// <param name="refused">Why.</param>
public sealed class TokenRefusedException(GuardedCaller token, CredentialRefusedException refused)
    : CredentialRefusedException((refused ?? throw new ArgumentNullException(nameof(refused))).Error, refused.Message, refused)
{
    /// <summary>What the token says. Its signature is good; whoever showed it may be anybody.</summary>
    public GuardedCaller Token { get; } = token;
}
