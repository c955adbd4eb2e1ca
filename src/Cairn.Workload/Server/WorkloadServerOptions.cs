using Cairn.Evidence;
using Cairn.Identity;
using Cairn.Identity.Bundles;
using Cairn.Identity.Enrolment;

namespace Cairn.Workload;

/// <summary>A process was found to be who an entry speaks of, and is about to be given its SVID.</summary>
/// <param name="Entry">The entry.</param>
/// <param name="Peer">What the kernel says of the process.</param>
/// <param name="Key">SHA-256 of the first SVID's SubjectPublicKeyInfo.</param>
/// <param name="Expires">When that SVID ends; later ones come by rotation and are not told.</param>
public sealed record WorkloadEnrolment(RegistrationEntry Entry, PeerFacts Peer, Digest Key, DateTimeOffset Expires);

/// <summary>How a Workload API is served.</summary>
public sealed record WorkloadServerOptions
{
    /// <summary>The socket's path. Every user of the machine may connect: what the kernel says of a caller decides what it gets.</summary>
    public required string SocketPath { get; init; }

    /// <summary>Who signs X.509-SVIDs.</summary>
    public required LocalAuthority Authority { get; init; }

    /// <summary>Who signs JWT-SVIDs.</summary>
    public required JwtKeyRing JwtKeys { get; init; }

    /// <summary>Who gets which identity.</summary>
    public required RegistrationEntries Entries { get; init; }

    /// <summary>The bundles of the trust domains that are federated with.</summary>
    public Func<IReadOnlyList<TrustBundle>> Federated { get; init; } = static () => [];

    /// <summary>
    /// Makes the evidence of an enrolment, before its SVID is handed out: once for each process, entry and program. When
    /// it throws, there is no SVID.
    /// </summary>
    public Func<WorkloadEnrolment, CancellationToken, Task> Enrolled { get; init; } = static (_, _) => Task.CompletedTask;

    /// <summary>How long a JWT-SVID lasts.</summary>
    public TimeSpan JwtTtl { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often the entries, roots and processes behind open streams are looked at.</summary>
    public TimeSpan Watch { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The most connections that one user may have.</summary>
    public int MostConnectionsOfUser { get; init; } = 256;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where the server says what a person should know. By default stderr.</summary>
    public Action<string> Log { get; init; } = static message => Console.Error.WriteLine($"cairn: {message}");
}
