using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cairn.Evidence;
using Cairn.Evidence.Statements;
using Cairn.Identity.Bundles;
using Cairn.Identity.Certificates;

namespace Cairn.Identity.Svids;

/// <summary>
/// Checks the X.509-SVID of a caller (SPIFFE X509-SVID §5) against trust bundles: the bundle of the very trust domain that
/// the leaf names decides, never another one. Pure: no trust store of the system, no network, no revocation lists.
/// </summary>
public static class X509SvidValidator
{
    private const string ServerAuth = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuth = "1.3.6.1.5.5.7.3.2";

    /// <summary>Checks the certificates that a TLS client or server showed.</summary>
    /// <param name="leaf">Its certificate.</param>
    /// <param name="others">What came along with it, in the order of the path; a root among them is of no consequence.</param>
    /// <param name="bundles">The trust bundles, by trust domain.</param>
    /// <param name="now">The time at which all must be valid.</param>
    /// <exception cref="SvidRejectedException">It breaks a rule.</exception>
    public static VerifiedX509Svid Validate(X509Certificate2 leaf, IEnumerable<X509Certificate2> others, TrustBundleSet bundles, DateTimeOffset now) =>
        Validate([leaf.RawData, .. others.Select(one => (ReadOnlyMemory<byte>)one.RawData)], bundles, now);

    /// <summary>Checks a chain of certificates.</summary>
    /// <param name="chain">DER certificates, leaf first; the root may be left out.</param>
    /// <param name="bundles">The trust bundles, by trust domain.</param>
    /// <param name="now">The time at which all must be valid.</param>
    /// <exception cref="SvidRejectedException">It breaks a rule.</exception>
    public static VerifiedX509Svid Validate(IReadOnlyList<ReadOnlyMemory<byte>> chain, TrustBundleSet bundles, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(chain);
        ArgumentNullException.ThrowIfNull(bundles);
        if (chain.Count == 0)
        {
            throw new SvidRejectedException(SvidRule.Form, "X.509-SVID: expected a certificate, found none");
        }

        try
        {
            using var leaf = X509CertificateLoader.LoadCertificate(chain[0].Span);
            var id = IdOf(leaf);
            var roots = bundles.For(id.TrustDomain) is { X509Authorities.Count: > 0 } bundle
                ? bundle.X509Authorities
                : throw new SvidRejectedException(SvidRule.TrustDomain, $"X.509-SVID of {id}: expected a bundle of the trust domain {id.TrustDomain} with X.509 authorities, found none");
            CheckExtendedUsage(leaf, id);
            foreach (var (der, index) in chain.Skip(1).Select((der, index) => (der, index + 1)))
            {
                CheckSigning(der, $"certificate {index}");
            }

            var check = SvidChain.Verify(chain, id, [.. roots.Where(root => IsSigning(root.Span))], now);
            return check.IsGood
                ? new VerifiedX509Svid(id, chain[0], leaf.NotBefore.ToUniversalTime(), leaf.NotAfter.ToUniversalTime())
                : throw new SvidRejectedException(RuleOf(check.Fault), $"X.509-SVID of {id}: {check.Reason}");
        }
        catch (Exception error) when (error is CryptographicException or System.Formats.Asn1.AsnContentException)
        {
            throw new SvidRejectedException(SvidRule.Form, $"X.509-SVID: expected DER of X.509 certificates, found other bytes ({error.Message})", error);
        }
    }

    private static SpiffeId IdOf(X509Certificate2 leaf)
    {
        var uris = SvidCertificate.Uris(leaf.Extensions);
        return uris is [var uri] && SpiffeId.TryParse(uri, out var id) && id.Path.Length > 0
            ? id
            : throw new SvidRejectedException(
                SvidRule.SpiffeId,
                $"X.509-SVID: expected exactly one URI name in the leaf, a SPIFFE ID with a path, found {(uris.Count == 1 ? $"\"{uris[0][..Math.Min(uris[0].Length, 80)]}\"" : $"{uris.Count} URI names")}");
    }

    // §4.4: the extension may be left out; where it is, both purposes are in it.
    private static void CheckExtendedUsage(X509Certificate2 leaf, SpiffeId id)
    {
        foreach (var extension in leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>())
        {
            var purposes = extension.EnhancedKeyUsages.Cast<Oid>().Select(purpose => purpose.Value).ToList();
            if (!purposes.Contains(ServerAuth) || !purposes.Contains(ClientAuth))
            {
                throw new SvidRejectedException(SvidRule.LeafUsage, $"X.509-SVID of {id}: expected an extended key usage with serverAuth and clientAuth, or none, found {string.Join(", ", purposes)}");
            }
        }
    }

    private static void CheckSigning(ReadOnlyMemory<byte> der, string name)
    {
        using var certificate = X509CertificateLoader.LoadCertificate(der.Span);
        if (!MaySign(certificate))
        {
            throw new SvidRejectedException(SvidRule.SigningCertificate, $"X.509-SVID, {name}: expected a signing certificate (cA true, critical key usage with keyCertSign), found {certificate.Subject}");
        }

        var uris = SvidCertificate.Uris(certificate.Extensions);
        if (uris.Any(uri => !SpiffeId.TryParse(uri, out var id) || id.Path.Length > 0))
        {
            throw new SvidRejectedException(SvidRule.SigningCertificate, $"X.509-SVID, {name}: expected a signing certificate whose SPIFFE ID, if any, has no path, found {uris[0][..Math.Min(uris[0].Length, 80)]}");
        }
    }

    // A root that may not sign certificates counts as if it were not in the bundle.
    private static bool IsSigning(ReadOnlySpan<byte> der)
    {
        using var certificate = X509CertificateLoader.LoadCertificate(der);
        return MaySign(certificate);
    }

    private static bool MaySign(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(constraints => constraints.CertificateAuthority)
        && certificate.Extensions.OfType<X509KeyUsageExtension>().Any(usage => usage.Critical && usage.KeyUsages.HasFlag(X509KeyUsageFlags.KeyCertSign));

    private static SvidRule RuleOf(SvidFault fault) => fault switch
    {
        SvidFault.NotCertificates => SvidRule.Form,
        SvidFault.WrongId => SvidRule.SpiffeId,
        SvidFault.WrongUsage => SvidRule.LeafUsage,
        SvidFault.OutsideValidity => SvidRule.Validity,
        SvidFault.WeakSignature => SvidRule.Algorithm,
        _ => SvidRule.Path,
    };
}
