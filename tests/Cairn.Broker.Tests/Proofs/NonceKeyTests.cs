using Cairn.Broker.Proofs;

namespace Cairn.Broker.Tests.Proofs;

public sealed class NonceKeyTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
    private static readonly TimeSpan Age = TimeSpan.FromMinutes(2);

    [Fact]
    public void Nonce_is_fresh_until_its_age_and_only_where_it_was_made()
    {
        var key = new NonceKey(new byte[32]);
        var nonce = key.Make(Now);
        Assert.True(key.IsFresh(nonce, Now, Age));
        Assert.True(key.IsFresh(nonce, Now + Age, Age));
        Assert.False(key.IsFresh(nonce, Now + Age + TimeSpan.FromSeconds(1), Age));
        Assert.False(key.IsFresh(nonce, Now - TimeSpan.FromMinutes(1), Age));
        Assert.False(new NonceKey([1, .. new byte[31]]).IsFresh(nonce, Now, Age));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("AAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("!AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void Text_that_is_no_nonce_is_not_fresh(string? nonce) => Assert.False(new NonceKey(new byte[32]).IsFresh(nonce, Now, Age));
}
