using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cairn.Evidence;
using Cairn.Identity.Bundles;
using Cairn.Identity.Svids;
using Cairn.Workload.Protocol;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Cairn.Workload.Client;

/// <summary>Answers of a Workload API as types that can't be wrong: mandatory fields are there (§4.5), and each SVID holds under its bundle.</summary>
internal static class Answers
{
    /// <exception cref="EvidenceFormatException">A field is missing or not what it should be.</exception>
    public static X509Update ToUpdate(X509SVIDResponse answer, DateTimeOffset now)
    {
        if (answer.Svids.Count == 0)
        {
            throw new EvidenceFormatException("an X509SVIDResponse holds at least one SVID, found none");
        }

        var bundles = new List<TrustBundle>();
        foreach (var svid in answer.Svids)
        {
            var domain = IdOf(svid.SpiffeId).TrustDomain;
            bundles.Add(new TrustBundle(domain) { X509Authorities = Certificates(svid.Bundle, $"the bundle of {domain}") });
        }

        foreach (var (domain, bundle) in Keyed(answer.FederatedBundles))
        {
            bundles.Add(new TrustBundle(domain) { X509Authorities = Certificates(bundle, $"the bundle of {domain}") });
        }

        // Of two SVIDs with one hint the first counts (§5.2.1).
        var hints = new HashSet<string>();
        var trusted = new TrustBundleSet(bundles);
        return new X509Update([.. answer.Svids.Where(svid => svid.Hint.Length == 0 || hints.Add(svid.Hint)).Select(svid => ToSvid(svid, trusted, now))], trusted);
    }

    /// <exception cref="EvidenceFormatException">A field is missing or not what it should be.</exception>
    public static TrustBundleSet ToBundles(X509BundlesResponse answer) => answer.Bundles.Count == 0
        ? throw new EvidenceFormatException("an X509BundlesResponse holds at least one bundle, found none")
        : new TrustBundleSet(Keyed(answer.Bundles).Select(pair => new TrustBundle(pair.Domain) { X509Authorities = Certificates(pair.Bundle, $"the bundle of {pair.Domain}") }));

    /// <exception cref="EvidenceFormatException">A field is missing or not what it should be.</exception>
    public static TrustBundleSet ToJwtBundles(JWTBundlesResponse answer) => answer.Bundles.Count == 0
        ? throw new EvidenceFormatException("a JWTBundlesResponse holds at least one bundle, found none")
        : new TrustBundleSet(Keyed(answer.Bundles).Select(pair => TrustBundle.ParseJwtKeys(pair.Domain, pair.Bundle.Span)));

    /// <exception cref="EvidenceFormatException">A field is missing or not what it should be.</exception>
    public static IReadOnlyList<WorkloadJwtSvid> ToJwtSvids(JWTSVIDResponse answer, SpiffeId? wanted)
    {
        if (answer.Svids.Count == 0 || answer.Svids.Any(svid => svid.Svid.Length == 0))
        {
            throw new EvidenceFormatException("a JWTSVIDResponse holds at least one SVID, none of them empty");
        }

        WorkloadJwtSvid[] svids = [.. answer.Svids.Select(svid => new WorkloadJwtSvid(IdOf(svid.SpiffeId), svid.Svid, svid.Hint))];
        return wanted is { } id && svids.Any(svid => svid.Id != id)
            ? throw new EvidenceFormatException($"asked for a JWT-SVID of {id}, was given one of {svids.First(svid => svid.Id != id).Id}")
            : svids;
    }

    private static WorkloadSvid ToSvid(X509SVID svid, TrustBundleSet bundles, DateTimeOffset now)
    {
        var id = IdOf(svid.SpiffeId);
        var chain = Certificates(svid.X509Svid, $"the SVID of {id}");
        try
        {
            var verified = X509SvidValidator.Validate(chain, bundles, now);
            if (verified.Id != id)
            {
                throw new EvidenceFormatException($"the SVID of {id} names {verified.Id}");
            }

            CheckKey(svid.X509SvidKey.Span, chain[0], id);
            return new WorkloadSvid(id, [.. chain.Select(der => der.ToArray())], svid.X509SvidKey.ToByteArray(), verified.NotBefore, verified.NotAfter, svid.Hint);
        }
        catch (SvidRejectedException error)
        {
            throw new EvidenceFormatException(error.Message, error);
        }
    }

    private static void CheckKey(ReadOnlySpan<byte> pkcs8, ReadOnlyMemory<byte> leaf, SpiffeId id)
    {
        using var certificate = X509CertificateLoader.LoadCertificate(leaf.Span);
        using AsymmetricAlgorithm key = certificate.PublicKey.Oid.Value == "1.2.840.10045.2.1" ? ECDsa.Create() : RSA.Create();
        try
        {
            key.ImportPkcs8PrivateKey(pkcs8, out var read);
            if (read == pkcs8.Length && key.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(certificate.PublicKey.ExportSubjectPublicKeyInfo()))
            {
                return;
            }
        }
        catch (CryptographicException error)
        {
            throw new EvidenceFormatException($"the key of {id} is not PKCS#8 of the certificate's kind", error);
        }

        throw new EvidenceFormatException($"the key of {id} is another than its certificate's");
    }

    private static IReadOnlyList<ReadOnlyMemory<byte>> Certificates(ByteString bytes, string name)
    {
        try
        {
            var certificates = DerSequence.Split(bytes.Memory);
            return certificates.Count > 0 ? certificates : throw new EvidenceFormatException($"{name} is empty");
        }
        catch (AsnContentException error)
        {
            throw new EvidenceFormatException($"{name} is not DER certificates one after another", error);
        }
    }

    // The keys are SPIFFE IDs of trust domains (§5.1, §6.1).
    private static IEnumerable<(string Domain, ByteString Bundle)> Keyed(MapField<string, ByteString> bundles)
    {
        foreach (var (key, bundle) in bundles)
        {
            yield return SpiffeId.TryParse(key, out var id) && id.Path.Length == 0
                ? (id.TrustDomain, bundle)
                : throw new EvidenceFormatException($"a bundle is under the SPIFFE ID of a trust domain, found \"{key[..Math.Min(key.Length, 80)]}\"");
        }
    }

    private static SpiffeId IdOf(string text) => SpiffeId.TryParse(text, out var id) && id.Path.Length > 0
        ? id
        : throw new EvidenceFormatException($"an SVID names a SPIFFE ID with a path, found \"{text[..Math.Min(text.Length, 80)]}\"");
}
