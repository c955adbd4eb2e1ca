using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cairn.Evidence.Statements;

/// <summary>
/// Checks X.509-SVIDs (SPIFFE X.509-SVID specification §5) against given roots at a given time. The operating system's
/// trust store and the network have no part in it; revocation is the ledger's business, not the certificate's.
/// </summary>
public static class SvidChain
{
    private const string SubjectAlternativeName = "2.5.29.17";

    /// <summary>Checks that the chain's leaf names <paramref name="expected"/> and leads to one of <paramref name="roots"/>.</summary>
    /// <param name="chain">DER certificates, leaf first; the root may be left out.</param>
    /// <param name="expected">The SPIFFE ID that the leaf must name.</param>
    /// <param name="roots">DER certificates of the trust domain's authorities, each self-signed.</param>
    /// <param name="at">The time at which every certificate must be valid.</param>
    public static SvidCheck Verify(
        IReadOnlyList<ReadOnlyMemory<byte>> chain, SpiffeId expected, IReadOnlyList<ReadOnlyMemory<byte>> roots, DateTimeOffset at) =>
        VerifyPath(chain, expected, roots, at, out _);

    /// <summary>The same, and for a good chain the times at which its path holds: nothing but time in the check depends on <paramref name="at"/>.</summary>
    internal static SvidCheck VerifyPath(
        IReadOnlyList<ReadOnlyMemory<byte>> chain, SpiffeId expected, IReadOnlyList<ReadOnlyMemory<byte>> roots, DateTimeOffset at, out PathValidity? holds)
    {
        holds = null;
        ArgumentNullException.ThrowIfNull(chain);
        ArgumentNullException.ThrowIfNull(roots);
        if (chain.Count is < 1 or > StatementHeader.MaxChain)
        {
            return new(SvidFault.NotCertificates, $"expected 1 to {StatementHeader.MaxChain} certificates, found {chain.Count}");
        }

        var certificates = new X509Certificate2Collection();
        try
        {
            foreach (var der in chain)
            {
                certificates.Add(DerCertificate.Load(der.Span));
            }

            var check = CheckLeaf(certificates[0], expected);
            return check.IsGood ? CheckPaths(certificates, expected, roots, at, out holds) : check;
        }
        catch (CryptographicException error)
        {
            return new(SvidFault.NotCertificates, $"expected DER of X.509 certificates, found other bytes ({error.Message})");
        }
        finally
        {
            foreach (var certificate in certificates)
            {
                certificate.Dispose();
            }
        }
    }

    /// <summary>The URI names of a certificate, in order; empty when it has none.</summary>
    /// <exception cref="CryptographicException">The extension is malformed, or there twice.</exception>
    internal static List<string> UriNames(X509Certificate2 certificate)
    {
        var uris = new List<string>();
        var extensions = certificate.Extensions.Where(extension => extension.Oid?.Value == SubjectAlternativeName).ToList();
        if (extensions.Count > 1)
        {
            throw new CryptographicException("the subject alternative name extension is there twice");
        }

        try
        {
            foreach (var extension in extensions)
            {
                var reader = new AsnReader(extension.RawData, AsnEncodingRules.DER);
                var names = reader.ReadSequence();
                reader.ThrowIfNotEmpty();
                var uri = new Asn1Tag(TagClass.ContextSpecific, 6);
                while (names.HasData)
                {
                    if (names.PeekTag().HasSameClassAndValue(uri))
                    {
                        uris.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, uri));
                    }
                    else
                    {
                        _ = names.ReadEncodedValue();
                    }
                }
            }
        }
        catch (AsnContentException error)
        {
            throw new CryptographicException("the subject alternative name extension is malformed", error);
        }

        return uris;
    }

    private static SvidCheck CheckLeaf(X509Certificate2 leaf, SpiffeId expected)
    {
        var uris = UriNames(leaf);
        if (uris.Count != 1)
        {
            return new(SvidFault.WrongId, $"leaf certificate: expected exactly one URI name, found {uris.Count}");
        }

        if (uris[0] != expected.ToString() || expected.Path.Length == 0)
        {
            return new(SvidFault.WrongId, $"leaf certificate: expected the name {expected} with a path, found {Hex.Excerpt(uris[0])}");
        }

        if (leaf.Extensions.OfType<X509BasicConstraintsExtension>().Any(constraints => constraints.CertificateAuthority))
        {
            return new(SvidFault.WrongUsage, "leaf certificate: expected no certificate authority, found one");
        }

        var usages = leaf.Extensions.OfType<X509KeyUsageExtension>().ToList();
        const X509KeyUsageFlags signsCertificates = X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign;
        return usages.Count == 1 && usages[0].Critical
            && usages[0].KeyUsages.HasFlag(X509KeyUsageFlags.DigitalSignature) && (usages[0].KeyUsages & signsCertificates) == 0
                ? default
                : new(SvidFault.WrongUsage, "leaf certificate: expected a critical key usage with digitalSignature and without keyCertSign and cRLSign, found "
                    + (usages.Count == 0 ? "none" : string.Join("; ", usages.Select(usage => $"{usage.KeyUsages}{(usage.Critical ? "" : ", not critical")}"))));
    }

    /// <summary>
    /// Tries each root alone. Given all at once, path building picks one by its name, and a trust domain whose root was
    /// replaced has two of the same name.
    /// </summary>
    private static SvidCheck CheckPaths(
        X509Certificate2Collection certificates, SpiffeId expected, IReadOnlyList<ReadOnlyMemory<byte>> roots, DateTimeOffset at, out PathValidity? holds)
    {
        holds = null;
        var nearest = new SvidCheck(SvidFault.Untrusted, "certificate chain: expected a path to one of the given roots, found no roots");
        foreach (var root in roots)
        {
            var check = CheckPath(certificates, expected, root, at, out holds);
            if (check.IsGood)
            {
                return check;
            }

            nearest = nearest.Fault == SvidFault.Untrusted ? check : nearest;
        }

        return nearest;
    }

    private static SvidCheck CheckPath(
        X509Certificate2Collection certificates, SpiffeId expected, ReadOnlyMemory<byte> root, DateTimeOffset at, out PathValidity? holds)
    {
        holds = null;
        using var path = OfflinePath.Build(certificates[0], certificates.Skip(1), root.Span);
        if (!path.LeadsThere)
        {
            return new(SvidFault.Untrusted, $"certificate chain: expected a path to one of the given roots, found {path.Problem}");
        }

        var check = CheckElements(path, expected);
        if (check.IsGood && OutsideValidity(path, at) is { } outside)
        {
            return outside;
        }

        holds = check.IsGood ? path.Validity : null;
        return check;
    }

    private static SvidCheck CheckElements(OfflinePath path, SpiffeId expected)
    {
        foreach (var (certificate, index) in path.Certificates.Select((certificate, index) => (certificate, index)))
        {
            var isRoot = index == path.Certificates.Count - 1;
            if (!isRoot && !OfflinePath.IsStronglySigned(certificate))
            {
                return new(SvidFault.WeakSignature, $"certificate {index}: expected a signature with SHA-256 or better, found {certificate.SignatureAlgorithm.FriendlyName}");
            }

            if (!isRoot && !path.IsGiven(certificate))
            {
                return new(SvidFault.Untrusted, $"certificate {index}: expected one of the given chain, found {certificate.Subject} from elsewhere");
            }

            // An intermediate's own SPIFFE ID, where it has one, is its trust domain's (X.509-SVID §3.2). The root needs
            // no such check: the verifier's policy itself ties it to the trust domain.
            if (index > 0 && !isRoot && UriNames(certificate) is { Count: > 0 } names
                && (names.Count != 1 || names[0] != $"spiffe://{expected.TrustDomain}"))
            {
                return new(SvidFault.WrongId, $"certificate {index}: expected the name spiffe://{expected.TrustDomain} or none, found {Hex.Excerpt(names[0])}");
            }
        }

        return default;
    }

    private static SvidCheck? OutsideValidity(OfflinePath path, DateTimeOffset at)
    {
        for (var i = 0; i < path.Certificates.Count; i++)
        {
            var validity = PathValidity.Of(path.Certificates[i]);
            if (!validity.Holds(at))
            {
                return new(SvidFault.OutsideValidity,
                    $"certificate {i}: expected validity at {at.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}, found {validity.From:yyyy-MM-dd'T'HH:mm:ss'Z'} to {validity.To:yyyy-MM-dd'T'HH:mm:ss'Z'}");
            }
        }

        return null;
    }
}
