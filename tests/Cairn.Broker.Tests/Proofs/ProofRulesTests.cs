using Cairn.Broker.Proofs;
using Cairn.Identity.Credentials;

namespace Cairn.Broker.Tests.Proofs;

public sealed class ProofRulesTests
{
    // RFC 9449 §7.1: the token and the proof of the example request, checked as §4.3 says at the time of its making.
    private const string Token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";

    private const string Proof =
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19" +
        ".eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9" +
        ".2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";

    private static readonly Uri Resource = new("https://resource.example.org/protectedresource");
    private static readonly DateTimeOffset Made = DateTimeOffset.FromUnixTimeSeconds(1_562_262_618);
    private static readonly ProofRules Rules = new(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(5), new NonceKey(new byte[32]), false);

    [Fact]
    public void Request_of_rfc_9449_passes_at_its_time() => Assert.Equal("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", Rules.Require([Proof], "GET", Resource, Token, Made).Key.Thumbprint);

    [Theory]
    [InlineData("POST", "https://resource.example.org/protectedresource", Token, 0)]
    [InlineData("GET", "https://resource.example.org/other", Token, 0)]
    [InlineData("GET", "https://resource.example.org/protectedresource", Token + "x", 0)]
    [InlineData("GET", "https://resource.example.org/protectedresource", Token, 66)]
    [InlineData("GET", "https://resource.example.org/protectedresource", Token, -6)]
    public void Request_of_rfc_9449_is_refused_when_it_is_another_or_at_another_time(string method, string address, string token, int seconds) => Assert.Equal(
        "invalid_dpop_proof", Assert.Throws<CredentialRefusedException>(() => Rules.Require([Proof], method, new Uri(address), token, Made.AddSeconds(seconds))).Error);

    [Fact]
    public void Proof_without_a_nonce_is_asked_for_one_where_it_is_required() => Assert.Equal(
        "use_dpop_nonce", Assert.Throws<CredentialRefusedException>(() => (Rules with { RequireNonce = true }).Require([Proof], "GET", Resource, Token, Made)).Error);
}
