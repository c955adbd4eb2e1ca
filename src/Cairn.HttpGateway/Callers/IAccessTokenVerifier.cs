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
/// <param name="ClientCertificate">SHA-256 of the certificate that the caller showed in the TLS handshake (RFC 8705 §3.1); null: none.</param>
public sealed record ShownAccessToken(
    string Scheme, string Token, IReadOnlyList<string> Proofs, HttpMethod Method, Uri Address, Digest? ClientCertificate);

/// <summary>A token that was checked.</summary>
public sealed record VerifiedAccessToken
{
    /// <summary>The workload that holds it.</summary>
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
/// <param name="message">Why, without any secret.</param>
/// <param name="innerException">The cause.</param>
public sealed class AccessTokenRejectedException(string message, Exception? innerException = null) : Exception(message, innerException);
