using System.Security.Cryptography;
using Cairn.Evidence.Statements;
using CsCheck;

namespace Cairn.Evidence.Tests.Statements;

public class PathValidityTests
{
    private static readonly SpiffeId Id = SpiffeId.Parse("spiffe://example.org/agent/a");

    /// <summary>The law: a time is in a good path's validity exactly when the whole check holds at that time.</summary>
    [Fact]
    public void PathValidity_says_what_the_whole_check_says_at_any_time()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var hours = Gen.Int[1, 20];
        Gen.Select(hours, hours, hours, hours, Gen.Int[0, 60 * 45].Array[12]).Sample(
            (rootBefore, rootAfter, leafBefore, leafAfter, minutes) =>
            {
                // Both begin before the twentieth hour and end after it, the one or the other first.
                var middle = TestAuthority.Start.AddHours(20);
                using var root = TestAuthority.Root(from: middle.AddHours(-rootBefore), to: middle.AddHours(rootAfter));
                var leaf = TestAuthority.Leaf(root, key, from: middle.AddHours(-leafBefore), to: middle.AddHours(leafAfter));

                var check = SvidChain.VerifyPath([leaf], Id, [root.RawData], middle, out var holds);

                Assert.True(check.IsGood);
                Assert.All(minutes, minute =>
                {
                    var at = TestAuthority.Start.AddMinutes(minute);
                    Assert.Equal(SvidChain.Verify([leaf], Id, [root.RawData], at).IsGood, holds!.Value.Holds(at));
                });
            },
            iter: 20);
    }

    /// <summary>RFC 5280 §4.1.2.5: a certificate is valid from notBefore through notAfter, inclusive.</summary>
    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    [InlineData(3600, true)]
    [InlineData(3601, false)]
    public void Certificate_is_valid_from_its_first_through_its_last_second(int second, bool isGood)
    {
        using var root = TestAuthority.Root();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var from = TestAuthority.Start.AddHours(1);
        var leaf = TestAuthority.Leaf(root, key, from: from, to: from.AddHours(1));

        var check = SvidChain.Verify([leaf], Id, [root.RawData], from.AddSeconds(second));

        Assert.Equal(isGood ? SvidFault.None : SvidFault.OutsideValidity, check.Fault);
    }

    [Fact]
    public void PathValidity_is_unknown_when_the_check_fails()
    {
        using var root = TestAuthority.Root();
        using var other = TestAuthority.Root();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        var check = SvidChain.VerifyPath([TestAuthority.Leaf(root, key)], Id, [other.RawData], TestAuthority.Now, out var holds);

        Assert.False(check.IsGood);
        Assert.Null(holds);
    }
}
