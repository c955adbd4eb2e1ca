using CsCheck;

namespace Cairn.Evidence.Tests.Identifiers;

public class IdentifierTests
{
    [Fact]
    public void Digest_survives_its_byte_and_text_forms() =>
        Gen.Byte.Array[32].Sample(bytes =>
        {
            var digest = new Digest(bytes);
            Assert.Equal(bytes, digest.ToArray());
            Assert.Equal(digest, Digest.ParseHex(digest.ToString()));
            Assert.Equal(bytes, Convert.FromBase64String(digest.ToBase64()));
        });

    [Theory]
    [InlineData("spiffe://example.org/agent/a", true)]
    [InlineData("spiffe://example.org", true)]
    [InlineData("spiffe://example.org/", false)]
    [InlineData("spiffe://example.org/a//b", false)]
    [InlineData("spiffe://example.org/a/../b", false)]
    [InlineData("spiffe://Example.org/a", false)]
    [InlineData("spiffe://example.org:8443/a", false)]
    [InlineData("spiffe://user@example.org/a", false)]
    [InlineData("spiffe://example.org/a?q", false)]
    [InlineData("https://example.org/a", false)]
    public void SpiffeId_accepts_only_the_specified_characters(string text, bool good) =>
        Assert.Equal(good, SpiffeId.TryParse(text, out _));

    [Theory]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true)]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra", false)]
    [InlineData("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra", true)]
    [InlineData("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false)]
    [InlineData("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false)]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false)]
    [InlineData("00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01", false)]
    public void TraceParent_follows_the_recommendation_for_known_and_future_versions(string text, bool good) =>
        Assert.Equal(good, TraceParent.TryParse(text, out _));
}
