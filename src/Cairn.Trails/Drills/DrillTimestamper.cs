using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;

namespace Cairn.Trails.Drills;

/// <summary>A timestamp authority of a drill's own: a root, a signer under it, and tokens in the profile of docs/spec/timestamps.md §2.</summary>
internal sealed class DrillTimestamper : IDisposable
{
    public const string Name = "drill-tsa";

    private const string TstInfo = "1.2.840.113549.1.9.16.1.4";
    private const string SigningCertificateV2 = "1.2.840.113549.1.9.16.2.47";
    private const string Sha256 = "2.16.840.1.101.3.4.2.1";
    private const string TimeStamping = "1.3.6.1.5.5.7.3.8";
    private const string Policy = "1.3.6.1.4.1.32473.1"; // of the number kept for examples (RFC 5612); a token has to name one, and nobody reads it

    private readonly X509Certificate2 _root, _signer;

    /// <param name="time">Within its certificates' validity.</param>
    public DrillTimestamper(DateTimeOffset time)
    {
        var (from, to) = (time.AddDays(-1), time.AddDays(1));
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var root = new CertificateRequest("CN=drill timestamp root", rootKey, HashAlgorithmName.SHA256);
        root.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        root.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        _root = root.CreateSelfSigned(from, to);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var signer = new CertificateRequest("CN=drill timestamp signer", key, HashAlgorithmName.SHA256);
        signer.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        signer.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        signer.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(TimeStamping)], true));
        using var certificate = signer.Create(_root, from, to, [0x01, 0x02]);
        _signer = certificate.CopyWithPrivateKey(key);
    }

    /// <summary>Its root, DER: what a verifier's policy names.</summary>
    public byte[] Root => _root.RawData;

    /// <summary>A token over a text, DER.</summary>
    public byte[] Stamp(ReadOnlySpan<byte> text, DateTimeOffset time)
    {
        var cms = new SignedCms(new ContentInfo(new Oid(TstInfo), Info(text, time)));
        var signer = new CmsSigner(SubjectIdentifierType.IssuerAndSerialNumber, _signer)
        {
            DigestAlgorithm = new Oid(Sha256),
            IncludeOption = X509IncludeOption.EndCertOnly,
        };
        signer.SignedAttributes.Add(new CryptographicAttributeObject(
            new Oid(SigningCertificateV2), new AsnEncodedDataCollection(new AsnEncodedData(SigningCertificateV2, NameOf(_signer)))));
        cms.ComputeSignature(signer);
        return cms.Encode();
    }

    public void Dispose()
    {
        _root.Dispose();
        _signer.Dispose();
    }

    /// <summary>RFC 3161 §2.4.2.</summary>
    private static byte[] Info(ReadOnlySpan<byte> text, DateTimeOffset time)
    {
        var info = new AsnWriter(AsnEncodingRules.DER);
        using (info.PushSequence())
        {
            info.WriteInteger(1);
            info.WriteObjectIdentifier(Policy);
            using (info.PushSequence())
            {
                using (info.PushSequence())
                {
                    info.WriteObjectIdentifier(Sha256);
                }

                info.WriteOctetString(SHA256.HashData(text));
            }

            info.WriteInteger(7);
            info.WriteGeneralizedTime(time, omitFractionalSeconds: true);
            using (info.PushSequence())
            {
                info.WriteInteger(1); // accurate to a second
            }
        }

        return info.Encode();
    }

    /// <summary>SigningCertificateV2 (RFC 5035 §3) with the hash of the certificate, by SHA-256, its default.</summary>
    private static byte[] NameOf(X509Certificate2 certificate)
    {
        var name = new AsnWriter(AsnEncodingRules.DER);
        using (name.PushSequence())
        using (name.PushSequence())
        using (name.PushSequence())
        {
            name.WriteOctetString(certificate.GetCertHash(HashAlgorithmName.SHA256));
        }

        return name.Encode();
    }
}
