using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cairn.Evidence;

namespace Cairn.Identity.Certificates;

/// <summary>
/// The certificates of the X.509-SVID specification: signing certificates carry the trust domain's id (§3.1), may sign
/// certificates and are CAs (§4.1, §4.3); leaf certificates carry one SPIFFE ID with a path, may sign data and are not
/// CAs. Each has exactly one URI in its subject alternative name (§2).
/// </summary>
internal static class SvidCertificate
{
    private const string AlternativeNameOid = "2.5.29.17";
    private static readonly Asn1Tag UriName = new(TagClass.ContextSpecific, 6);
    private static readonly X500DistinguishedName Subject = new("O=Cairn");

    /// <summary>A self-signed root for a trust domain.</summary>
    public static X509Certificate2 Root(ECDsa key, string trustDomain, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        var request = new CertificateRequest(new X500DistinguishedName($"O=Cairn, CN={trustDomain}"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(AlternativeName($"spiffe://{trustDomain}"));
        using var signed = request.Create(request.SubjectName, X509SignatureGenerator.CreateForECDsa(key), notBefore, notAfter, Serial());
        return X509CertificateLoader.LoadCertificate(signed.RawDataMemory.Span);
    }

    /// <summary>A leaf for <paramref name="id"/> over somebody's public key, signed by the authority.</summary>
    public static byte[] Leaf(X509Certificate2 issuer, ECDsa issuerKey, PublicKey subject, SpiffeId id, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        var request = new CertificateRequest(Subject, subject, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1"), new("1.3.6.1.5.5.7.3.2")], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, true, false));
        request.CertificateExtensions.Add(AlternativeName(id.ToString()));
        using var signed = request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuerKey), notBefore, notAfter, Serial());
        return signed.RawData;
    }

    /// <summary>The URIs in a certificate's or request's subject alternative name.</summary>
    public static IReadOnlyList<string> Uris(IEnumerable<X509Extension> extensions)
    {
        var uris = new List<string>();
        foreach (var extension in extensions.Where(e => e.Oid?.Value == AlternativeNameOid))
        {
            // SubjectAltName ::= SEQUENCE OF GeneralName; uniformResourceIdentifier is [6] IA5String (RFC 5280 §4.2.1.6).
            var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                if (names.PeekTag().HasSameClassAndValue(UriName))
                {
                    uris.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, UriName));
                }
                else
                {
                    names.ReadEncodedValue();
                }
            }
        }

        return uris;
    }

    /// <summary>A subject alternative name with one URI, written as it stands (System.Uri would add a slash to a bare domain).</summary>
    public static X509Extension AlternativeName(string uri)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteCharacterString(UniversalTagNumber.IA5String, uri, UriName);
        }

        return new X509Extension(AlternativeNameOid, writer.Encode(), critical: false);
    }

    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40); // positive, and of constant length (RFC 5280 §4.1.2.2)
        return serial;
    }
}
