using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Cairn.Evidence;
using Cairn.Identity.Bundles;
using Cairn.Identity.Certificates;

namespace Cairn.Identity.Tests.Svids;

/// <summary>Makes certificates and tokens of every shape, good and bad, for the trust domain example.org.</summary>
internal sealed class SvidForge : IDisposable
{
    public const string Id = "spiffe://example.org/agent/a";
    public static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    private const X509KeyUsageFlags Signs = X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign;
    private readonly List<IDisposable> _owned = [];

    public SvidForge()
    {
        Root = Authority("CN=root", null, "spiffe://example.org");
        JwtKey = Own(ECDsa.Create(ECCurve.NamedCurves.nistP256));
    }

    public X509Certificate2 Root { get; }

    public ECDsa JwtKey { get; }

    public string KeyId => JwtAuthority.IdFor(JwtKey.ExportSubjectPublicKeyInfo());

    public TrustBundleSet Bundles => new(new TrustBundle("example.org")
    {
        X509Authorities = [Root.RawData],
        JwtAuthorities = [new JwtAuthority(KeyId, JwtKey.ExportSubjectPublicKeyInfo())],
    });

    public X509Certificate2 Authority(string subject, X509Certificate2? issuer, string? uri, bool isAuthority = true, X509KeyUsageFlags usage = Signs, int? pathLength = null)
    {
        var key = Own(ECDsa.Create(ECCurve.NamedCurves.nistP256));
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, pathLength is not null, pathLength ?? 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, true));
        if (uri is not null)
        {
            request.CertificateExtensions.Add(SvidCertificate.AlternativeName(uri));
        }

        return Own(Sign(request, issuer, key).CopyWithPrivateKey(key));
    }

    public byte[] Leaf(
        X509Certificate2? issuer = null, IReadOnlyList<string>? uris = null, bool isAuthority = false, X509KeyUsageFlags usage = X509KeyUsageFlags.DigitalSignature,
        bool critical = true, string[]? purposes = null)
    {
        var key = Own(ECDsa.Create(ECCurve.NamedCurves.nistP256));
        var request = new CertificateRequest("CN=leaf", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, critical));
        if (purposes is not null)
        {
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. purposes.Select(one => new Oid(one))], false));
        }

        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("leaf.example.org");
        foreach (var uri in uris ?? [Id])
        {
            names.AddUri(new Uri(uri));
        }

        request.CertificateExtensions.Add(names.Build());
        using var signed = Sign(request, issuer ?? Root, null);
        return signed.RawData;
    }

    /// <summary>A token with any header and claims; <paramref name="sign"/> gets the signing input.</summary>
    public string Token(string? header = null, string? claims = null, Func<byte[], byte[]>? sign = null)
    {
        var input = $"{Encode(header ?? $$"""{"alg":"ES256","kid":"{{KeyId}}","typ":"JWT"}""")}.{Encode(claims ?? Claims())}";
        var signature = (sign ?? (data => JwtKey.SignData(data, HashAlgorithmName.SHA256)))(Encoding.ASCII.GetBytes(input));
        return $"{input}.{Base64Url.EncodeToString(signature)}";
    }

    public static string Claims(string sub = Id, string aud = "\"orders\"", long seconds = 300) =>
        $$"""{"sub":"{{sub}}","aud":{{aud}},"exp":{{Now.AddSeconds(seconds).ToUnixTimeSeconds()}},"iat":{{Now.ToUnixTimeSeconds()}}}""";

    public void Dispose() => _owned.ForEach(one => one.Dispose());

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private static X509Certificate2 Sign(CertificateRequest request, X509Certificate2? issuer, ECDsa? own)
    {
        var (from, to, serial) = (Now.AddHours(-1), Now.AddHours(1), RandomNumberGenerator.GetBytes(8));
        return request.Create(issuer?.SubjectName ?? request.SubjectName, X509SignatureGenerator.CreateForECDsa(issuer?.GetECDsaPrivateKey() ?? own!), from, to, serial);
    }

    private T Own<T>(T one)
        where T : IDisposable
    {
        _owned.Add(one);
        return one;
    }
}
