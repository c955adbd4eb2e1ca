using System.Security.Cryptography;
using CsCheck;

namespace Cairn.Evidence.Tests.Identifiers;

public sealed class Sha256Tests
{
    /// <summary>The law: whichever way a hash is made, it is the platform's.</summary>
    [Fact]
    public void Hash_is_the_platforms_for_any_input()
    {
        Gen.Byte.Array[0, 5000].Sample(data =>
        {
            Span<byte> platform = stackalloc byte[Digest.Size];
            Sha256.HashByPlatform(data, platform);
            return Digest.Sha256(data) == new Digest(SHA256.HashData(data)) && new Digest(platform) == Digest.Sha256(data);
        });
    }

    [Theory]
    [InlineData(55)]
    [InlineData(56)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1023)]
    [InlineData(1024)]
    [InlineData(1025)]
    [InlineData(65_536)]
    [InlineData(10_000_000)]
    public void Hash_is_the_platforms_at_the_edges_of_blocks_and_of_the_short_way(int length)
    {
        var data = new byte[length];
        new Random(length).NextBytes(data);

        Assert.Equal(SHA256.HashData(data), Digest.Sha256(data).ToArray());
    }

    /// <summary>Example of FIPS 180-4 from NIST's "Examples with Intermediate Values": a million times the letter a.</summary>
    [Fact]
    public void Million_letters_have_the_published_hash() => Assert.Equal(
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", Digest.Sha256(Enumerable.Repeat((byte)'a', 1_000_000).ToArray()).ToString());

    [Fact]
    public void Threads_do_not_disturb_each_other()
    {
        var data = Enumerable.Range(0, 64).Select(i => RandomNumberGenerator.GetBytes(100 * i)).ToArray();
        var expected = data.Select(SHA256.HashData).ToArray();

        Parallel.For(0, 20_000, i => Assert.Equal(expected[i % 64], Digest.Sha256(data[i % 64]).ToArray()));
    }
}
