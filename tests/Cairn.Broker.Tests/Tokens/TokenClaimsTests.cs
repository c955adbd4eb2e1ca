using System.Text.Json;
using Cairn.Broker.Tokens;

namespace Cairn.Broker.Tests.Tokens;

public sealed class TokenClaimsTests
{
    // RFC 8693 §4.1: the two examples of "act".
    [Theory]
    [InlineData("""{"aud":"https://consumer.example.com","iss":"https://issuer.example.com","exp":1443904177,"nbf":1443904077,"sub":"user@example.com","act":{"sub":"admin@example.com"}}""", "admin@example.com")]
    [InlineData(
        """{"aud":"https://service26.example.com","iss":"https://issuer.example.com","exp":1443904100,"nbf":1443904000,"sub":"user@example.com","act":{"sub":"https://service16.example.com","act":{"sub":"https://service77.example.com"}}}""",
        "https://service16.example.com https://service77.example.com")]
    [InlineData("""{"sub":"user@example.com"}""", "")]
    public void Actors_of_rfc_8693_are_read_outermost_first(string claims, string actors) =>
        Assert.Equal(actors, string.Join(' ', TokenClaims.ActorsOf(Json(claims))));

    [Theory]
    [InlineData("""{"act":"admin@example.com"}""")]
    [InlineData("""{"act":{}}""")]
    [InlineData("""{"act":{"sub":"a","act":[]}}""")]
    public void Actor_that_is_not_named_is_refused(string claims) => Assert.Throws<TokenFormatException>(() => TokenClaims.ActorsOf(Json(claims)));

    // RFC 8705 §3.1 and RFC 9449 §6.1: the examples of "cnf".
    [Theory]
    [InlineData("""{"cnf":{"x5t#S256":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}}""", "x5t#S256:bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2")]
    [InlineData("""{"cnf":{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}""", "jkt:0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")]
    [InlineData("{}", null)]
    public void Holder_s_key_is_read_as_the_rfcs_write_it(string claims, string? holder) => Assert.Equal(holder, TokenClaims.HolderOf(Json(claims)));

    [Theory]
    [InlineData("""{"cnf":{}}""")]
    [InlineData("""{"cnf":null}""")]
    [InlineData("""{"cnf":{"kid":"x"}}""")]
    [InlineData("""{"cnf":{"jkt":7}}""")]
    [InlineData("""{"cnf":{"jkt":"a","x5t#S256":"b"}}""")]
    public void Binding_that_is_not_understood_does_not_count_as_none(string claims) => Assert.Throws<TokenFormatException>(() => TokenClaims.HolderOf(Json(claims)));

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}
