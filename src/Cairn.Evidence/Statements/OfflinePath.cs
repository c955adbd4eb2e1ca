using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cairn.Evidence.Statements;

/// <summary>
/// An RFC 5280 path from a certificate through given ones to one given root. The operating system's trust store and the
/// network have no part in it; times are the caller's to compare.
/// </summary>
internal sealed class OfflinePath : IDisposable
{
    private static readonly HashSet<string> StrongSignatures =
    [
        "1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4", // ECDSA with SHA-256, 384, 512
        "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13", // RSA PKCS #1 with the same
        "1.2.840.113549.1.1.10", "1.3.101.112", "1.3.101.113", // RSA-PSS, Ed25519, Ed448
    ];

    private readonly X509Chain _chain;
    private readonly IReadOnlyList<X509Certificate2> _given;

    private OfflinePath(X509Chain chain, IReadOnlyList<X509Certificate2> given, bool leadsThere)
    {
        (_chain, _given, LeadsThere) = (chain, given, leadsThere);
        Certificates = [.. chain.ChainElements.Select(element => element.Certificate)];
    }

    /// <summary>Whether there is a path to the root.</summary>
    public bool LeadsThere { get; }

    /// <summary>Why there is none.</summary>
    public string Problem => string.Join(", ", _chain.ChainStatus.Select(status => status.Status).Distinct());

    /// <summary>The path, the root last.</summary>
    public IReadOnlyList<X509Certificate2> Certificates { get; }

    /// <summary>When all of its certificates are valid.</summary>
    public PathValidity Validity => PathValidity.Of(_chain);

    /// <summary>Looks for a path.</summary>
    /// <param name="leaf">Where it begins.</param>
    /// <param name="through">Certificates that it may lead through.</param>
    /// <param name="root">DER of the certificate where it has to end.</param>
    /// <exception cref="CryptographicException">The root is no certificate.</exception>
    public static OfflinePath Build(X509Certificate2 leaf, IEnumerable<X509Certificate2> through, ReadOnlySpan<byte> root)
    {
        var chain = new X509Chain();
        try
        {
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            chain.ChainPolicy.DisableCertificateDownloads = true;

            // The platforms differ on whether the last second counts (RFC 5280 §4.1.2.5: it does), so callers compare times.
            chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
            using var trusted = DerCertificate.Load(root);
            chain.ChainPolicy.CustomTrustStore.Add(trusted);
            List<X509Certificate2> given = [leaf, .. through];
            foreach (var certificate in given.Skip(1))
            {
                chain.ChainPolicy.ExtraStore.Add(certificate);
            }

            return new OfflinePath(chain, given, chain.Build(leaf));
        }
        catch
        {
            chain.Dispose();
            throw;
        }
    }

    /// <summary>Whether a certificate is signed with SHA-256 or better.</summary>
    public static bool IsStronglySigned(X509Certificate2 certificate) => StrongSignatures.Contains(certificate.SignatureAlgorithm.Value ?? "");

    /// <summary>Whether a certificate is one of those that the path was looked for with.</summary>
    public bool IsGiven(X509Certificate2 certificate) => _given.Any(one => one.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var certificate in Certificates)
        {
            certificate.Dispose();
        }

        _chain.Dispose();
    }
}
