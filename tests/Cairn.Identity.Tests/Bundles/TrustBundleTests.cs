using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Identity.Bundles;
using Cairn.Identity.Tests.Svids;

namespace Cairn.Identity.Tests.Bundles;

public sealed class TrustBundleTests : IDisposable
{
    // RFC 7517 appendix A.1, first key.
    private const string Rfc7517Key = """
        "kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
        """;

    private readonly SvidForge _forge = new();

    public void Dispose() => _forge.Dispose();

    [Fact]
    public void Bundle_survives_being_written_and_read()
    {
        using var rsa = RSA.Create(2048);
        var bundle = new TrustBundle("example.org")
        {
            X509Authorities = [_forge.Root.RawData],
            JwtAuthorities = [new("a", _forge.JwtKey.ExportSubjectPublicKeyInfo()), new("b", rsa.ExportSubjectPublicKeyInfo())],
            Sequence = long.MaxValue,
            RefreshHint = TimeSpan.FromSeconds(300),
        };
        var read = TrustBundle.Parse("example.org", bundle.Encode());
        Assert.Equal(bundle.Encode(), read.Encode());
        Assert.Equal(_forge.Root.RawData, read.X509Authorities.Single().ToArray());
        Assert.Equal(rsa.ExportSubjectPublicKeyInfo(), read.JwtAuthorities[1].SubjectPublicKeyInfo.ToArray());
        Assert.Equal((long.MaxValue, TimeSpan.FromSeconds(300)), (read.Sequence, read.RefreshHint));

        // X509-SVID §6.1: no kid beside a certificate, and exactly one of it; JWT-SVID §6.1: a kid.
        using var json = JsonDocument.Parse(bundle.Encode());
        var keys = json.RootElement.GetProperty("keys").EnumerateArray().ToList();
        Assert.Equal(["x509-svid", "jwt-svid", "jwt-svid"], keys.Select(key => key.GetProperty("use").GetString()));
        Assert.False(keys[0].TryGetProperty("kid", out _));
        Assert.Equal(1, keys[0].GetProperty("x5c").GetArrayLength());
    }

    [Fact]
    public void Key_of_RFC_7517_is_read()
    {
        var key = TrustBundle.Parse("example.org", Bytes($$"""{"keys":[{"use":"jwt-svid","kid":"1",{{Rfc7517Key}}}]}""")).JwtAuthorities.Single();
        using var ec = ECDsa.Create();
        ec.ImportSubjectPublicKeyInfo(key.SubjectPublicKeyInfo, out _);
        Assert.Equal("30a0424cd21c2944838a2d75c92b37e76ea20d9f00893a3b4eee8a3c0aafec3e", Convert.ToHexStringLower(ec.ExportParameters(false).Q.X!));
    }

    [Theory]
    [InlineData("""{"use":"jwt-svid","kid":"1","kty":"OKP","crv":"Ed25519","x":"AA"}""")]
    [InlineData("""{"use":"wit-svid","kid":"1","kty":"EC"}""")]
    [InlineData("""{"kid":"1","kty":"EC","crv":"P-256"}""")]
    [InlineData("""{"use":"jwt-svid","kid":"1","kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}""")]
    [InlineData("""{"use":"x509-svid","kty":"EC"}""")]
    [InlineData("""{"use":"x509-svid","kty":"EC","x5c":[]}""")]
    [InlineData("""{"use":"JWT-SVID","kid":"1","kty":"EC"}""")]
    [InlineData("7")]
    public void Key_of_unknown_type_or_use_is_ignored(string key)
    {
        var bundle = TrustBundle.Parse("example.org", Bytes($$"""{"keys":[{{key}}],"more":true}"""));
        Assert.Empty(bundle.X509Authorities);
        Assert.Empty(bundle.JwtAuthorities);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"keys":7}""")]
    [InlineData("""{"keys":[],"keys":[]}""")]
    [InlineData("""{"keys":[],"spiffe_sequence":-1}""")]
    [InlineData("""{"keys":[],"spiffe_sequence":1.5}""")]
    [InlineData("""{"keys":[],"spiffe_refresh_hint":"300"}""")]
    [InlineData("""{"keys":[{"use":"jwt-svid","kid":"1","kty":"EC","crv":"P-256","x":"AA"}]}""")]
    [InlineData("""{"keys":[{"use":"jwt-svid","kid":"1","kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}""")]
    [InlineData("""{"keys":[{"use":"jwt-svid","kid":"1","kty":"RSA","n":"AQAB","e":"AQAB"}]}""")]
    [InlineData("""{"keys":[{"use":"x509-svid","kty":"EC","x5c":["AAAA"]}]}""")]
    public void Malformed_bundle_is_refused(string json) =>
        Assert.ThrowsAny<EvidenceFormatException>(() => TrustBundle.Parse("example.org", Bytes(json)));

    [Fact]
    public void JWT_key_needs_an_id_of_its_own()
    {
        Assert.ThrowsAny<EvidenceFormatException>(() => TrustBundle.Parse("example.org", Bytes($$"""{"keys":[{"use":"jwt-svid",{{Rfc7517Key}}}]}""")));
        Assert.ThrowsAny<EvidenceFormatException>(() => TrustBundle.Parse("example.org", Bytes($$"""{"keys":[{"use":"jwt-svid","kid":"1",{{Rfc7517Key}}},{"use":"jwt-svid","kid":"1",{{Rfc7517Key}}}]}""")));
    }

    [Fact]
    public void JWT_keys_alone_need_no_use_and_hold_no_certificates()
    {
        Assert.Single(TrustBundle.ParseJwtKeys("example.org", Bytes($$"""{"keys":[{"kid":"1",{{Rfc7517Key}}}]}""")).JwtAuthorities);
        var keys = TrustBundle.ParseJwtKeys("example.org", _forge.Bundles.For("example.org")!.EncodeJwtKeys());
        Assert.Empty(keys.X509Authorities);
        Assert.Equal(_forge.KeyId, keys.JwtAuthorities.Single().KeyId);
    }

    [Fact]
    public void Trust_domain_must_be_a_name() => Assert.ThrowsAny<EvidenceFormatException>(() => new TrustBundle("Example.org/a"));

    private static byte[] Bytes(string json) => Encoding.UTF8.GetBytes(json);
}
