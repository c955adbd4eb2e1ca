using System.Security.Cryptography.X509Certificates;
using Cairn.Evidence;

namespace Cairn.HttpGateway.Callers;

/// <summary>Checks access tokens of the credential broker for the gateway that they are shown to.</summary>
public interface IAccessTokenVerifier
{
    /// <summary>Checks a token, that it is for this gateway, and that whoever shows it holds the key that it is bound to.</summary>
    /// <exception cref="AccessTokenRejectedException">It is not to be believed.</exception>
    ValueTask<VerifiedAccessToken> VerifyAsync(ShownAccessToken shown, CancellationToken cancellationToken);
}

/// <summary>A token as a request shows it.</summary>
/// <param name="Scheme"><c>Bearer</c> or <c>DPoP</c>.</param>
/// <param name="Token">The token. A secret.</param>
/// <param name="Proofs">The values of the <c>DPoP</c> header (RFC 9449 §4.3 wants exactly one).</param>
/// <param name="Method">The request's method.</param>
/// <param name="Address">The request's address as the caller wrote it.</param>
/// <param name="ClientCertificate">The certificate that the caller showed in the TLS handshake (RFC 8705 §3.1); null: none.</param>
public sealed record ShownAccessToken(
    string Scheme, string Token, IReadOnlyList<string> Proofs, HttpMethod Method, Uri Address, X509Certificate2? ClientCertificate)
{
    /// <summary>The trail that the request says it belongs to; null: it does not say.</summary>
    public TraceParent? Context { get; init; }

    /// <summary>
    /// Why a workload is not served here though its token holds; null: it is served. To be asked before a use is recorded,
    /// and refused as <c>unauthorized_client</c>.
    /// </summary>
    public required Func<SpiffeId, string?> Unless { get; init; }
}

/// <summary>A token that was checked.</summary>
public sealed record VerifiedAccessToken
{
    /// <summary>The workload that acts by it.</summary>
    public required SpiffeId Holder { get; init; }

    /// <summary>Who handed authority on, from the initiating principal to the last giver.</summary>
    public IReadOnlyList<string> DelegationChain { get; init; } = [];

    /// <summary>What it permits.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];

    /// <summary>Its public id, <c>jti</c>.</summary>
    public required string Id { get; init; }

    /// <summary>When it ends.</summary>
    public required DateTimeOffset Expires { get; init; }
}

/// <summary>An access token is not believed.</summary>
/// <param name="error">OAuth 2.0 error code, such as <c>invalid_token</c> or <c>invalid_dpop_proof</c>; <c>unavailable</c>: it can't be checked now.</param>
/// <param name="message">Why, without any secret.</param>
/// <param name="innerException">The cause.</param>
public sealed class AccessTokenRejectedException(string error, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>OAuth 2.0 error code.</summary>
    public string Error { get; } = error;

    /// <summary>What the token says, where its issuer signed it: the refusal is recorded then. Null: it is nobody's.</summary>
    public RejectedAccessToken? Token { get; init; }
}

/// <summary>A token of the broker's that was shown and not accepted.</summary>
/// <param name="Id">Its public id, <c>jti</c>.</param>
/// <param name="Issuer">The broker.</param>
/// <param name="Subject">On whose behalf it is.</param>
public sealed record RejectedAccessToken(string Id, string Issuer, string Subject)
{
    /// <summary>Who acts by it, outermost first.</summary>
    public IReadOnlyList<string> Actors { get; init; } = [];

    /// <summary>Whom it is for.</summary>
    public IReadOnlyList<string> Audience { get; init; } = [];

    /// <summary>What it permits.</summary>
    public IReadOnlyList<string> Scope { get; init; } = [];

    /// <summary>Thumbprint of the key that it is bound to; null: to none.</summary>
    public string? HolderKey { get; init; }
}
