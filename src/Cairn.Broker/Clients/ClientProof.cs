using Cairn.Broker.Store;
using Cairn.Evidence;

namespace Cairn.Broker.Clients;

/// <summary>What a client showed of who it is (RFC 6749 §2.3).</summary>
internal sealed record ClientProof
{
    /// <summary><c>client_id</c>; null: none was sent.</summary>
    public string? ClientId { get; init; }

    /// <summary><c>client_assertion</c> (RFC 7521 §4.2): a secret until it is used up.</summary>
    public string? Assertion { get; init; }

    /// <summary><c>client_assertion_type</c>.</summary>
    public string? AssertionType { get; init; }

    /// <summary>The certificates of the TLS client, DER, leaf first; empty: it showed none.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Certificates { get; init; } = [];

    /// <summary>The endpoint that was asked, as clients know it.</summary>
    public required Uri Endpoint { get; init; }
}

/// <summary>A client whose identity is established.</summary>
/// <param name="Id">The workload.</param>
/// <param name="Method">How: <c>tls_client_auth</c>, <c>private_key_jwt</c> or <c>spiffe_jwt</c>.</param>
/// <param name="Certificate">Thumbprint of its TLS certificate (RFC 8705 §3.1); null: it showed none.</param>
/// <param name="Once">What it showed and may not show again; null: nothing of the kind. It counts only when this is noted.</param>
internal sealed record AuthenticatedClient(SpiffeId Id, string Method, string? Certificate, OneTime? Once);
