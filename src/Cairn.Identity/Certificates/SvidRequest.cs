using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cairn.Evidence;
using Cairn.Identity.Certificates;

namespace Cairn.Identity;

/// <summary>
/// A request for an SVID: PKCS#10 with the wanted SPIFFE ID as its only URI, signed by the key that it names, so that
/// nobody gets a certificate for a key they don't have.
/// </summary>
public sealed class SvidRequest
{
    private SvidRequest(SpiffeId id, PublicKey publicKey) => (Id, PublicKey) = (id, publicKey);

    /// <summary>The wanted id.</summary>
    public SpiffeId Id { get; }

    /// <summary>SHA-256 of the key's SubjectPublicKeyInfo.</summary>
    public Digest KeyThumbprint => Digest.Sha256(PublicKey.ExportSubjectPublicKeyInfo());

    internal PublicKey PublicKey { get; }

    /// <summary>Makes a request, DER.</summary>
    public static byte[] Create(ECDsa key, SpiffeId id)
    {
        var request = new CertificateRequest(new X500DistinguishedName("O=Cairn"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(SvidCertificate.AlternativeName(id.ToString()));
        return request.CreateSigningRequest();
    }

    /// <summary>Reads a request and checks its signature, key type (P-256) and id.</summary>
    /// <exception cref="EvidenceFormatException">It is not such a request, or its signature is wrong.</exception>
    public static SvidRequest Parse(ReadOnlySpan<byte> der)
    {
        CertificateRequest request;
        try
        {
            request = CertificateRequest.LoadSigningRequest(
                der, HashAlgorithmName.SHA256, out var read, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
            if (read != der.Length)
            {
                throw new EvidenceFormatException($"certificate request: {der.Length - read} bytes follow the request; expected none");
            }
        }
        catch (Exception e) when (e is CryptographicException or NotSupportedException or ArgumentException)
        {
            throw new EvidenceFormatException($"expected a PKCS#10 certificate request (DER) signed by its own key with ECDSA and SHA-256: {e.Message}", e);
        }

        using var key = TryEcdsa(request.PublicKey);
        if (key is null || key.KeySize != 256 || key.ExportParameters(false).Curve.Oid.Value != ECCurve.NamedCurves.nistP256.Oid.Value)
        {
            throw new EvidenceFormatException($"certificate request: expected a P-256 key, found {request.PublicKey.Oid.FriendlyName}");
        }

        IReadOnlyList<string> uris;
        try
        {
            uris = SvidCertificate.Uris(request.CertificateExtensions);
        }
        catch (System.Formats.Asn1.AsnContentException e)
        {
            throw new EvidenceFormatException($"certificate request: its subject alternative name is not well formed: {e.Message}", e);
        }

        return uris is [var uri]
            ? new SvidRequest(SpiffeId.Parse(uri), request.PublicKey)
            : throw new EvidenceFormatException($"certificate request: expected exactly one URI (the SPIFFE ID) in the subject alternative name, found {uris.Count}");
    }

    private static ECDsa? TryEcdsa(PublicKey key)
    {
        try
        {
            return key.GetECDsaPublicKey();
        }
        catch (CryptographicException)
        {
            return null; // a curve the platform does not know: reported by the caller as "not P-256"
        }
    }
}
