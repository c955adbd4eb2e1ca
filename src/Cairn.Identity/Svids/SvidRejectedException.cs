namespace Cairn.Identity.Svids;

/// <summary>The rule of the SPIFFE specifications that an SVID breaks.</summary>
public enum SvidRule
{
    /// <summary>It is not certificates, or not a JWT in compact serialization, at all (X509-SVID §2, JWT-SVID §5.1).</summary>
    Form,

    /// <summary>It does not name exactly one SPIFFE ID with a path (X509-SVID §2, §5.2; JWT-SVID §3.1).</summary>
    SpiffeId,

    /// <summary>There is no bundle for its trust domain, or the bundle has no key for this kind of SVID (Trust Domain and Bundle §4.1.3).</summary>
    TrustDomain,

    /// <summary>The leaf is a certificate authority, or its key usage is not for signing data only (X509-SVID §4.1, §4.3, §4.4).</summary>
    LeafUsage,

    /// <summary>A signing certificate is no certificate authority, can't sign certificates, or has an id with a path (X509-SVID §3.2, §4.1, §4.3).</summary>
    SigningCertificate,

    /// <summary>The certificates don't lead to a root of the bundle (X509-SVID §5.1, RFC 5280 §6).</summary>
    Path,

    /// <summary>Not yet valid, or no longer (RFC 5280 §4.1.2.5; JWT-SVID §3.3).</summary>
    Validity,

    /// <summary>The algorithm is not one of those allowed (JWT-SVID §2.1), or a certificate's is no longer safe.</summary>
    Algorithm,

    /// <summary>The JOSE header has a member that is not allowed, or <c>typ</c> is neither JWT nor JOSE (JWT-SVID §2, §2.3).</summary>
    Header,

    /// <summary>No <c>aud</c>, or it does not hold the expected audience (JWT-SVID §3.2).</summary>
    Audience,

    /// <summary>The signature is by none of the bundle's keys that may have made it (JWT-SVID §4).</summary>
    Signature,
}

/// <summary>An SVID must not be believed. The message names what was expected and what was found, and never holds the token.</summary>
/// <param name="rule">Which rule it breaks.</param>
/// <param name="message">What was expected and what was found.</param>
/// <param name="innerException">The cause.</param>
public sealed class SvidRejectedException(SvidRule rule, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Which rule it breaks.</summary>
    public SvidRule Rule { get; } = rule;
}
