namespace Cairn.Broker;

/// <summary>How a broker is served.</summary>
public sealed record BrokerServerOptions
{
    /// <summary>The broker itself.</summary>
    public required BrokerOptions Broker { get; init; }

    /// <summary>Where to listen, such as <c>https://0.0.0.0:7071</c>; null: at the issuer's host and port. Plain HTTP on loopback addresses only.</summary>
    public string? Url { get; init; }

    /// <summary>The certificate chain for TLS, PEM, leaf first; null: none, and only plain HTTP.</summary>
    public string? TlsCertificatePath { get; init; }

    /// <summary>The certificate's private key, PEM, mode 0600.</summary>
    public string? TlsKeyPath { get; init; }
}
