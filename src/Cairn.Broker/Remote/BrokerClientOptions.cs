using Cairn.Identity;

namespace Cairn.Broker;

/// <summary>How a broker elsewhere is asked.</summary>
public sealed record BrokerClientOptions
{
    /// <summary>The broker's issuer, as it stands in its tokens; its endpoints are under it.</summary>
    public required string Issuer { get; init; }

    /// <summary>Where this workload's SVIDs come from; what it asks is signed with their keys.</summary>
    public required ISvidSource Identity { get; init; }

    /// <summary>Whether the SVID is shown as TLS client certificate (RFC 8705) in place of a signed assertion (RFC 7523).</summary>
    public bool MutualTls { get; init; }

    /// <summary>Roots that the broker's TLS certificate must lead to, DER; empty: those of the system.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> ServerRoots { get; init; } = [];

    /// <summary>How long an answer may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
