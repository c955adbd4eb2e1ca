using Cairn.Evidence;
using Cairn.Identity.Files;

namespace Cairn.Identity.Bundles;

/// <summary>
/// The bundles of the trust domains that an authority federates with, in <c>federated/DOMAIN.json</c> beside its key. The
/// Workload API hands them to workloads, so that they can verify each other; whom a verifier of evidence believes is its
/// own policy's business.
/// </summary>
public sealed class FederatedBundles
{
    private readonly string _folder;

    /// <summary>The bundles beside the authority in a directory.</summary>
    public FederatedBundles(string directory) => _folder = Path.Combine(directory, "federated");

    /// <summary>All of them, by name.</summary>
    /// <exception cref="AuthorityException">One can't be read.</exception>
    public IReadOnlyList<TrustBundle> All()
    {
        if (!Directory.Exists(_folder))
        {
            return [];
        }

        var bundles = new List<TrustBundle>();
        foreach (var path in Directory.EnumerateFiles(_folder, "*.json").Order(StringComparer.Ordinal))
        {
            try
            {
                bundles.Add(TrustBundle.Parse(Path.GetFileNameWithoutExtension(path), File.ReadAllBytes(path)));
            }
            catch (Exception e) when (e is EvidenceFormatException or IOException or UnauthorizedAccessException)
            {
                throw new AuthorityException($"the federated bundle {path} can't be read: {e.Message}", e);
            }
        }

        return bundles;
    }

    /// <summary>Takes a trust domain's bundle in, or puts another in its place.</summary>
    /// <exception cref="EvidenceFormatException">The document is not a SPIFFE bundle, or the name not a trust domain's.</exception>
    /// <exception cref="IOException">It can't be kept.</exception>
    public TrustBundle Set(string trustDomain, ReadOnlySpan<byte> document)
    {
        var bundle = TrustBundle.Parse(trustDomain, document);
        DurableFile.CreateDirectory(_folder);
        DurableFile.Write(PathOf(trustDomain), document);
        return bundle;
    }

    /// <summary>Ends the federation with a trust domain; false when there was none.</summary>
    /// <exception cref="IOException">The file can't be removed.</exception>
    public bool Remove(string trustDomain)
    {
        var path = PathOf(new TrustBundle(trustDomain).TrustDomain);
        if (!File.Exists(path))
        {
            return false;
        }

        File.Delete(path);
        DurableFile.SyncDirectory(_folder);
        return true;
    }

    private string PathOf(string trustDomain) => Path.Combine(_folder, $"{trustDomain}.json");
}
