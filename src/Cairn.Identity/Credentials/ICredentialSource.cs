using Cairn.Evidence;

namespace Cairn.Identity.Credentials;

/// <summary>Where a gateway gets the credential for an action: the broker, in this process or over the network.</summary>
public interface ICredentialSource
{
    /// <summary>Asks for a credential.</summary>
    /// <exception cref="CredentialRefusedException">It is not given; the error code says why.</exception>
    ValueTask<IssuedCredential> ObtainAsync(CredentialDemand demand, CancellationToken cancellationToken);

    /// <summary>Whether it still holds: not revoked, not expired. Asked right before use.</summary>
    /// <exception cref="CredentialRefusedException">Nobody can be asked; it must not be used.</exception>
    ValueTask<bool> IsActiveAsync(IssuedCredential credential, CancellationToken cancellationToken);

    /// <summary>Takes it back, and all that was issued under it, once nobody needs it any more.</summary>
    /// <exception cref="CredentialRefusedException">Nobody can be asked; it holds until it expires.</exception>
    ValueTask RevokeAsync(IssuedCredential credential, string reason, CancellationToken cancellationToken);
}

/// <summary>A credential that an action needs.</summary>
public sealed record CredentialDemand
{
    /// <summary>The workload that will use it.</summary>
    public required SpiffeId Actor { get; init; }

    /// <summary>The token that shows on whose behalf (RFC 8693 <c>subject_token</c>); null: on the actor's own.</summary>
    public string? SubjectToken { get; init; }

    /// <summary>For whom it is issued.</summary>
    public required string Audience { get; init; }

    /// <summary>What it is to permit.</summary>
    public required IReadOnlyList<string> Scope { get; init; }

    /// <summary>Longest lifetime.</summary>
    public required TimeSpan Ttl { get; init; }

    /// <summary>Whether it must be bound to no key, because whoever uses it can prove none. The broker decides whether its audience may have such a one.</summary>
    public bool IsBearer { get; init; }

    /// <summary>The trail that it belongs to; the broker writes its records there.</summary>
    public required TraceId Trace { get; init; }

    /// <summary>The span that asks.</summary>
    public required SpanId Span { get; init; }
}

/// <summary>A credential as its holder has it. <see cref="Token"/> is a secret: it is in no record, log line or file.</summary>
public sealed record IssuedCredential
{
    /// <summary>The public id, <c>jti</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The token itself.</summary>
    public required string Token { get; init; }

    /// <summary><c>Bearer</c> or <c>DPoP</c>: the authorization scheme that it is shown with.</summary>
    public required string TokenType { get; init; }

    /// <summary>Who issued it.</summary>
    public required string Issuer { get; init; }

    /// <summary>On whose behalf.</summary>
    public required string Subject { get; init; }

    /// <summary>The chain of actors, outermost first.</summary>
    public IReadOnlyList<string> Actors { get; init; } = [];

    /// <summary>For whom.</summary>
    public IReadOnlyList<string> Audience { get; init; } = [];

    /// <summary>What it permits.</summary>
    public IReadOnlyList<string> Scope { get; init; } = [];

    /// <summary>Thumbprint of the key that it is bound to; null: to none.</summary>
    public string? HolderKey { get; init; }

    /// <summary>When it ends.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>A DPoP proof (RFC 9449) for one request, where the credential is bound to a key that this process holds; null: none is needed.</summary>
    public Func<HttpMethod, Uri, string>? Prove { get; init; }
}

/// <summary>A credential is not given.</summary>
/// <param name="error">OAuth 2.0 error code (RFC 6749 §5.2, RFC 8693 §2.2.2, RFC 9449 §5), or <c>unavailable</c>.</param>
/// <param name="message">Why, without any secret.</param>
/// <param name="innerException">The cause.</param>
public class CredentialRefusedException(string error, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>OAuth 2.0 error code, or <c>unavailable</c>.</summary>
    public string Error { get; } = error;
}
