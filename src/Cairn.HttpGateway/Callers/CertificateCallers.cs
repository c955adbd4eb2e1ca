using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cairn.Identity.Bundles;
using Cairn.Identity.Svids;

namespace Cairn.HttpGateway.Callers;

/// <summary>
/// X.509-SVIDs that callers showed in the TLS handshake. The handshake checks the path; each request asks again, because
/// a connection outlives a certificate.
/// </summary>
/// <param name="bundles">The trust bundles in use.</param>
/// <param name="time">The clock.</param>
internal sealed class CertificateCallers(Func<TrustBundleSet> bundles, TimeProvider time)
{
    private const int MostRemembered = 10_000;

    private readonly ConcurrentDictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>> _paths = new(StringComparer.Ordinal);

    /// <summary>Whether the handshake goes on with this certificate.</summary>
    public bool Accepts(X509Certificate2 leaf, X509Chain? chain)
    {
        List<ReadOnlyMemory<byte>> path = [leaf.RawData];
        if (chain is not null)
        {
            // What the peer sent beside its leaf; what the system found on its own is of no consequence.
            path.AddRange(chain.ChainPolicy.ExtraStore.Select(c => (ReadOnlyMemory<byte>)c.RawData));
        }

        try
        {
            X509SvidValidator.Validate(path, bundles(), time.GetUtcNow());
        }
        catch (SvidRejectedException)
        {
            return false;
        }

        if (_paths.Count >= MostRemembered)
        {
            // Connections whose path is forgotten are asked to connect anew: none is believed for lack of room.
            _paths.Clear();
        }

        _paths[KeyOf(leaf)] = path;
        return true;
    }

    /// <summary>The SVID behind a request's connection, good at this moment.</summary>
    /// <exception cref="CallerRejectedException">It is not good any more.</exception>
    public VerifiedX509Svid Check(X509Certificate2 leaf)
    {
        if (!_paths.TryGetValue(KeyOf(leaf), out var path))
        {
            throw new CallerRejectedException(401, "credential_rejected", "the certificate of this connection is not remembered any more; connect anew");
        }

        try
        {
            return X509SvidValidator.Validate(path, bundles(), time.GetUtcNow());
        }
        catch (SvidRejectedException e)
        {
            throw new CallerRejectedException(401, "credential_rejected", $"{e.Message}; connect anew with a certificate that is valid");
        }
    }

    private static string KeyOf(X509Certificate2 leaf) => Convert.ToHexString(SHA256.HashData(leaf.RawData));
}
