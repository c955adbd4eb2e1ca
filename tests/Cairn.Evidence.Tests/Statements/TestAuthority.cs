using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cairn.Evidence.Tests.Statements;

/// <summary>Makes roots and X.509-SVIDs, good ones and ones that break a rule.</summary>
internal static class TestAuthority
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    public static readonly DateTimeOffset Now = Start.AddHours(1);

    public static X509Certificate2 Root(string domain = "example.org", ECCurve? curve = null, DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        var key = ECDsa.Create(curve ?? ECCurve.NamedCurves.nistP256);
        return AuthorityRequest($"CN={domain} root", key, domain).CreateSelfSigned(from ?? Start, to ?? Start.AddDays(10));
    }

    public static X509Certificate2 Intermediate(X509Certificate2 root, string domain = "example.org", string? uri = null)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var request = AuthorityRequest($"CN={domain} intermediate {Guid.NewGuid()}", key, domain, uri);
        return request.Create(root, Start, Start.AddDays(5), RandomNumberGenerator.GetBytes(8)).CopyWithPrivateKey(key);
    }

    public static byte[] Leaf(
        X509Certificate2 issuer, ECDsa key, Action<CertificateRequest>? shape = null, DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        var request = new CertificateRequest("CN=workload", key, HashAlgorithmName.SHA256);
        (shape ?? (r => Svid(r)))(request);
        return request.Create(
            issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuer.GetECDsaPrivateKey()!),
            from ?? Start, to ?? Start.AddDays(1), RandomNumberGenerator.GetBytes(8)).RawData;
    }

    public static void Svid(
        CertificateRequest request, string[]? uris = null, X509KeyUsageFlags usage = X509KeyUsageFlags.DigitalSignature, bool critical = true, bool authority = false)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, critical));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("workload.example.org");
        foreach (var uri in uris ?? ["spiffe://example.org/agent/a"])
        {
            names.AddUri(new Uri(uri));
        }

        request.CertificateExtensions.Add(names.Build());
    }

    private static CertificateRequest AuthorityRequest(string subject, ECDsa key, string domain, string? uri = null)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(UriName(uri ?? $"spiffe://{domain}"));
        return request;
    }

    /// <summary>One URI name, written without .NET's Uri class, which appends a slash to an empty path.</summary>
    private static X509Extension UriName(string uri)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteCharacterString(UniversalTagNumber.IA5String, uri, new Asn1Tag(TagClass.ContextSpecific, 6));
        }

        return new X509Extension("2.5.29.17", writer.Encode(), critical: false);
    }
}
