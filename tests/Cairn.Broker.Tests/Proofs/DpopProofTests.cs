using System.Text;
using Cairn.Broker.Proofs;
using Cairn.Broker.Tokens;
using CsCheck;

namespace Cairn.Broker.Tests.Proofs;

public sealed class DpopProofTests
{
    // RFC 9449 §4.1, the proof of figure 2.
    private const string Rfc9449 =
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19" +
        ".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ" +
        ".2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

    private static readonly Uri Address = new("https://resource.example.org/protected");

    [Fact]
    public void Proof_of_rfc_9449_is_read_and_its_signature_holds()
    {
        var proof = DpopProof.Parse(Rfc9449);
        Assert.Equal(("-BwC3ESc6acc2lTc", 1_562_262_616L), (proof.Id, proof.Issued.ToUnixTimeSeconds()));
        Assert.Equal("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", proof.Key.Thumbprint);
        Assert.True(proof.IsFor("POST", new Uri("https://server.example.com/token")));
    }

    // RFC 9449 §7.1: the token and the "ath" of its proof.
    [Fact]
    public void Token_hash_is_the_one_of_rfc_9449() =>
        Assert.Equal("fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo", DpopProof.HashOf("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"));

    [Fact]
    public void Proof_that_is_made_is_read_again_and_is_for_its_request_and_token_only()
    {
        using var key = HolderKey.Create();
        var proof = DpopProof.Parse(key.Prove(HttpMethod.Get, new Uri(Address, "?a=b#c"), "token-1", "nonce-1"));
        Assert.Equal((key.Thumbprint, "nonce-1"), (proof.Key.Thumbprint, proof.Nonce));
        Assert.True(proof.IsFor("GET", Address));
        Assert.True(proof.IsFor("GET", new Uri("HTTPS://RESOURCE.example.org:443/protected?x=y")));
        Assert.True(proof.IsForToken("token-1"));
        Assert.False(proof.IsForToken("token-2"));
        Assert.False(proof.IsFor("POST", Address));
        Assert.False(proof.IsFor("get", Address));
        Assert.False(proof.IsFor("GET", new Uri("http://resource.example.org/protected")));
        Assert.False(proof.IsFor("GET", new Uri("https://resource.example.org/other")));
    }

    [Fact]
    public void Proof_without_a_token_s_hash_is_for_no_token()
    {
        using var key = HolderKey.Create();
        Assert.False(DpopProof.Parse(key.Prove(HttpMethod.Get, Address)).IsForToken("token"));
    }

    [Fact]
    public void Every_other_proof_text_is_refused_when_one_character_changes()
    {
        using var key = HolderKey.Create();
        var text = key.Prove(HttpMethod.Get, Address, "token");
        Gen.Select(Gen.Int[0, text.Length - 1], Gen.Char.AlphaNumeric).Sample((at, put) =>
        {
            var changed = new StringBuilder(text) { [at] = put }.ToString();
            if (changed != text)
            {
                Assert.Throws<TokenFormatException>(() => DpopProof.Parse(changed));
            }
        });
    }

    [Fact]
    public void Any_text_is_read_or_refused_and_nothing_else() => Gen.OneOf(Gen.String, Gen.String[Gen.Char.AlphaNumeric, 0, 40].Array[3].Select(p => string.Join('.', p))).Sample(text =>
        Assert.Throws<TokenFormatException>(() => DpopProof.Parse(text)));

    [Theory]
    [InlineData("""{"typ":"JWT","alg":"ES256"}""")]
    [InlineData("""{"typ":"dpop+jwt","alg":"none"}""")]
    [InlineData("""{"typ":"dpop+jwt","alg":"HS256"}""")]
    [InlineData("""{"typ":"dpop+jwt","alg":"ES256","crit":["x"],"x":1}""")]
    [InlineData("""{"typ":"dpop+jwt","typ":"dpop+jwt","alg":"ES256"}""")]
    [InlineData("""{"typ":"dpop+jwt","alg":"ES256"}""")]
    public void Proof_with_another_header_is_refused(string header)
    {
        var parts = Rfc9449.Split('.');
        Assert.Throws<TokenFormatException>(() => DpopProof.Parse($"{System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{parts[1]}.{parts[2]}"));
    }
}
