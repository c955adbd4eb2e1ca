using System.Security.Cryptography;
using Cairn.Evidence;

namespace Cairn.Identity;

/// <summary>An X.509-SVID: a workload's key and the certificate that ties it to a SPIFFE ID for a while.</summary>
/// <param name="Id">The one URI in the certificate's subject alternative name.</param>
/// <param name="Key">The private key, P-256. Owned by this object.</param>
/// <param name="Chain">DER certificates, leaf first, the trust domain's root left out.</param>
/// <param name="NotBefore">Start of validity.</param>
/// <param name="NotAfter">End of validity.</param>
public sealed record Svid(SpiffeId Id, ECDsa Key, IReadOnlyList<byte[]> Chain, DateTimeOffset NotBefore, DateTimeOffset NotAfter) : IDisposable
{
    /// <summary>When to ask for the next one: two thirds into the validity, unless the source says otherwise, so that an outage of the issuer can be sat out.</summary>
    public DateTimeOffset RotateAt { get; init; } = NotBefore + ((NotAfter - NotBefore) * 2 / 3);

    /// <summary>Frees the private key.</summary>
    public void Dispose() => Key.Dispose();
}

/// <summary>Where an emitter gets its SVIDs from: a local authority, a server's enrolment, a Workload API.</summary>
public interface ISvidSource
{
    /// <summary>A fresh SVID. The caller owns and disposes it.</summary>
    /// <exception cref="SvidUnavailableException">None can be had now; asking again later may help.</exception>
    ValueTask<Svid> FetchAsync(CancellationToken cancellationToken);
}

/// <summary>The issuer of SVIDs can't be reached or refuses. The message says which and why.</summary>
public sealed class SvidUnavailableException(string message, Exception? innerException = null) : Exception(message, innerException);
