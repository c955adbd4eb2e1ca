using System.Security.Cryptography;
using System.Text;
using Cairn.Identity.Bundles;
using Cairn.Identity.Svids;

namespace Cairn.Identity.Tests.Svids;

public sealed class JwtSvidTests : IDisposable
{
    private readonly SvidForge _forge = new();

    public void Dispose() => _forge.Dispose();

    [Theory]
    [InlineData("\"orders\"")]
    [InlineData("[\"billing\",\"orders\"]")]
    public void Token_is_accepted_for_an_audience_that_it_names(string aud)
    {
        var svid = Check(_forge.Token(claims: SvidForge.Claims(aud: aud)));
        Assert.Equal(SvidForge.Id, svid.Id.ToString());
        Assert.Contains("orders", svid.Audience);
        Assert.Equal(SvidForge.Now.AddSeconds(300), svid.Expires);
        Assert.Equal(_forge.KeyId, svid.KeyId);
        Assert.Null(svid.TokenId);
    }

    [Theory]
    [InlineData("JWT")]
    [InlineData("JOSE")]
    [InlineData(null)]
    public void Type_and_key_id_may_be_left_out(string? typ)
    {
        var type = typ is null ? "" : $",\"typ\":\"{typ}\"";
        Assert.Equal(_forge.KeyId, Check(_forge.Token($$"""{"alg":"ES256"{{type}}}""")).KeyId);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("HS256")]
    [InlineData("HS512")]
    [InlineData("EdDSA")]
    [InlineData("ES256K")]
    [InlineData("RS1")]
    [InlineData("es256")]
    public void Algorithm_must_be_one_of_the_nine(string algorithm) =>
        Rejects(SvidRule.Algorithm, _forge.Token($$"""{"alg":"{{algorithm}}","kid":"{{_forge.KeyId}}"}"""));

    [Fact]
    public void Unsigned_token_and_one_that_uses_the_public_key_as_a_secret_are_refused()
    {
        Rejects(SvidRule.Algorithm, _forge.Token("""{"alg":"none"}""", sign: _ => []));
        Rejects(SvidRule.Algorithm, _forge.Token("""{"alg":"HS256"}""", sign: data => HMACSHA256.HashData(_forge.JwtKey.ExportSubjectPublicKeyInfo(), data)));
        Rejects(SvidRule.Signature, _forge.Token(sign: _ => []));
        Rejects(SvidRule.Signature, _forge.Token(sign: _ => new byte[64]));
    }

    [Theory]
    [InlineData("\"typ\":\"at+jwt\"")]
    [InlineData("\"typ\":7")]
    [InlineData("\"kid\":null")]
    [InlineData("\"jku\":\"http://attacker.example/keys\"")]
    [InlineData("\"crit\":[\"exp\"]")]
    [InlineData("\"x5c\":[\"MII\"]")]
    [InlineData("\"b64\":false")]
    public void Header_holds_nothing_but_algorithm_key_id_and_type(string member) =>
        Rejects(SvidRule.Header, _forge.Token($$"""{"alg":"ES256",{{member}}}"""));

    [Theory]
    [InlineData("""{"aud":"orders","exp":9999999999}""")]
    [InlineData("""{"sub":7,"aud":"orders","exp":9999999999}""")]
    [InlineData("""{"sub":"spiffe://example.org","aud":"orders","exp":9999999999}""")]
    [InlineData("""{"sub":"https://example.org/a","aud":"orders","exp":9999999999}""")]
    [InlineData("""{"sub":"spiffe://Example.org/a","aud":"orders","exp":9999999999}""")]
    public void Subject_must_be_a_SPIFFE_ID_with_a_path(string claims) => Rejects(SvidRule.SpiffeId, _forge.Token(claims: claims));

    [Fact]
    public void Subject_of_a_trust_domain_without_bundle_is_refused() =>
        Rejects(SvidRule.TrustDomain, _forge.Token(claims: SvidForge.Claims("spiffe://example.net/agent/a")));

    [Fact]
    public void Key_of_another_trust_domain_does_not_count()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var bundles = new TrustBundleSet(
            _forge.Bundles.For("example.org")!,
            new TrustBundle("example.net") { JwtAuthorities = [new JwtAuthority("other", other.ExportSubjectPublicKeyInfo())] });
        var token = _forge.Token("""{"alg":"ES256","kid":"other"}""", sign: data => other.SignData(data, HashAlgorithmName.SHA256));
        Assert.Equal(SvidRule.Signature, Assert.Throws<SvidRejectedException>(() => JwtSvidValidator.Validate(token, "orders", bundles, SvidForge.Now)).Rule);
    }

    [Theory]
    [InlineData("\"other\"")]
    [InlineData("[]")]
    [InlineData("\"orders/\"")]
    [InlineData("\"Orders\"")]
    [InlineData("[\"orders\",7]")]
    [InlineData("null")]
    public void Audience_must_hold_the_one_who_asks(string aud) => Rejects(SvidRule.Audience, _forge.Token(claims: SvidForge.Claims(aud: aud)));

    [Fact]
    public void Audience_and_expiry_must_be_there()
    {
        Rejects(SvidRule.Audience, _forge.Token(claims: $$"""{"sub":"{{SvidForge.Id}}","exp":9999999999}"""));
        Rejects(SvidRule.Validity, _forge.Token(claims: $$"""{"sub":"{{SvidForge.Id}}","aud":"orders"}"""));
        Rejects(SvidRule.Validity, _forge.Token(claims: $$"""{"sub":"{{SvidForge.Id}}","aud":"orders","exp":"soon"}"""));
        Rejects(SvidRule.Validity, _forge.Token(claims: $$"""{"sub":"{{SvidForge.Id}}","aud":"orders","exp":1e300}"""));
    }

    [Fact]
    public void Token_ends_at_its_expiry_without_leeway()
    {
        var token = _forge.Token();
        JwtSvidValidator.Validate(token, "orders", _forge.Bundles, SvidForge.Now.AddSeconds(299));
        Assert.Equal(SvidRule.Validity, Assert.Throws<SvidRejectedException>(() => JwtSvidValidator.Validate(token, "orders", _forge.Bundles, SvidForge.Now.AddSeconds(300))).Rule);
    }

    [Fact]
    public void Token_of_the_future_is_refused_beyond_a_minute_of_skew()
    {
        var token = _forge.Token();
        JwtSvidValidator.Validate(token, "orders", _forge.Bundles, SvidForge.Now.AddSeconds(-60));
        Assert.Equal(SvidRule.Validity, Assert.Throws<SvidRejectedException>(() => JwtSvidValidator.Validate(token, "orders", _forge.Bundles, SvidForge.Now.AddSeconds(-61))).Rule);
    }

    [Fact]
    public void All_nine_algorithms_verify_with_the_key_that_fits_them_and_with_no_other()
    {
        using var rsa = RSA.Create(2048);
        using var p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var p521 = ECDsa.Create(ECCurve.NamedCurves.nistP521);
        var bundles = new TrustBundleSet(TrustBundle.Parse("example.org", new TrustBundle("example.org")
        {
            JwtAuthorities = [new("rsa", rsa.ExportSubjectPublicKeyInfo()), new("256", p256.ExportSubjectPublicKeyInfo()), new("384", p384.ExportSubjectPublicKeyInfo()), new("512", p521.ExportSubjectPublicKeyInfo())],
        }.Encode()));
        foreach (var size in (string[])["256", "384", "512"])
        {
            var hash = new HashAlgorithmName($"SHA{size}");
            var ec = size switch { "256" => p256, "384" => p384, _ => p521 };
            Accepts($"ES{size}", size, data => ec.SignData(data, hash));
            Accepts($"RS{size}", "rsa", data => rsa.SignData(data, hash, RSASignaturePadding.Pkcs1));
            Accepts($"PS{size}", "rsa", data => rsa.SignData(data, hash, RSASignaturePadding.Pss));
        }

        // The algorithm fixes the curve and the padding: a key or signature of another kind is refused.
        Refuses("ES256", "384", data => p384.SignData(data, HashAlgorithmName.SHA256));
        Refuses("RS256", "256", data => p256.SignData(data, HashAlgorithmName.SHA256));
        Refuses("PS256", "rsa", data => rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

        void Accepts(string algorithm, string kid, Func<byte[], byte[]> sign) =>
            Assert.Equal(kid, JwtSvidValidator.Validate(_forge.Token($$"""{"alg":"{{algorithm}}","kid":"{{kid}}"}""", sign: sign), "orders", bundles, SvidForge.Now).KeyId);
        void Refuses(string algorithm, string kid, Func<byte[], byte[]> sign) =>
            Assert.Equal(SvidRule.Signature, Assert.Throws<SvidRejectedException>(() => JwtSvidValidator.Validate(_forge.Token($$"""{"alg":"{{algorithm}}","kid":"{{kid}}"}""", sign: sign), "orders", bundles, SvidForge.Now)).Rule);
    }

    [Fact]
    public void Malformed_tokens_are_refused_and_not_quoted()
    {
        var good = _forge.Token();
        string[] bad =
        [
            "", "a", "a.b", "a.b.c.d", good + "=", good + ".", good.Replace('.', ' '), " " + good, new string('a', 20000),
            _forge.Token("""{"alg":"ES256","alg":"none"}"""), _forge.Token("[]"), _forge.Token(claims: "[]"),
            _forge.Token(claims: $$"""{"sub":"{{SvidForge.Id}}","sub":"spiffe://example.org/admin","aud":"orders","exp":9999999999}"""),
        ];
        foreach (var token in bad)
        {
            var refused = Assert.Throws<SvidRejectedException>(() => Check(token));
            Assert.Equal(SvidRule.Form, refused.Rule);
            Assert.DoesNotContain(good.Split('.')[2], refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Any_changed_character_is_refused()
    {
        var good = _forge.Token();
        for (var i = 0; i < good.Length - 1; i++) // the last one's low bits are padding
        {
            var bad = new StringBuilder(good);
            bad[i] = good[i] == 'A' ? 'B' : 'A';
            Assert.Throws<SvidRejectedException>(() => Check(bad.ToString()));
        }
    }

    private VerifiedJwtSvid Check(string token) => JwtSvidValidator.Validate(token, "orders", _forge.Bundles, SvidForge.Now);

    private void Rejects(SvidRule rule, string token) => Assert.Equal(rule, Assert.Throws<SvidRejectedException>(() => Check(token)).Rule);
}
