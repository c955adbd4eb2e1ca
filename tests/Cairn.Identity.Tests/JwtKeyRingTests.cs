using Cairn.Evidence;
using Cairn.Identity.Bundles;
using Cairn.Identity.Svids;

namespace Cairn.Identity.Tests;

public sealed class JwtKeyRingTests : IDisposable
{
    private static readonly SpiffeId Agent = SpiffeId.Parse("spiffe://example.org/agent/billing");
    private readonly string _directory = Directory.CreateTempSubdirectory("cairn-jwt-").FullName;
    private readonly SteppedClock _clock = new();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Token_is_a_jwt_svid_with_an_id_of_its_own()
    {
        var ring = Ring();

        var (first, second) = (Verify(ring, ring.Issue(Agent, ["orders"], TimeSpan.FromMinutes(5))), Verify(ring, ring.Issue(Agent, ["orders"], TimeSpan.FromMinutes(5))));

        Assert.Equal(Agent, first.Id);
        Assert.NotEqual(first.TokenId, second.TokenId);
        Assert.Equal(_clock.Now.AddMinutes(5), first.Expires, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void Token_lasts_at_most_an_hour()
    {
        var ring = Ring();

        Assert.Equal(_clock.Now + JwtKeyRing.MaxTtl, Verify(ring, ring.Issue(Agent, ["orders"], TimeSpan.FromDays(2))).Expires, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void New_key_is_published_before_it_signs()
    {
        var ring = Ring();
        var first = Verify(ring, ring.Issue(Agent, ["orders"], TimeSpan.FromMinutes(5))).KeyId;

        ring.Rotate();
        var during = Verify(ring, ring.Issue(Agent, ["orders"], TimeSpan.FromMinutes(5))).KeyId;
        _clock.Now += TimeSpan.FromMinutes(6);
        var after = Verify(ring, ring.Issue(Agent, ["orders"], TimeSpan.FromMinutes(5))).KeyId;

        Assert.Equal(first, during);
        Assert.NotEqual(first, after);
    }

    [Fact]
    public void Key_is_made_anew_each_day_and_goes_once_no_token_of_it_can_last()
    {
        var ring = Ring();
        var seen = new HashSet<string>();
        for (var day = 0; day < 5; day++)
        {
            seen.Add(Verify(ring, ring.Issue(Agent, ["orders"], TimeSpan.FromMinutes(5))).KeyId);
            _clock.Now += TimeSpan.FromDays(1) + TimeSpan.FromMinutes(6);
        }

        Assert.InRange(seen.Count, 3, 5);
        Assert.InRange(ring.Published().Count, 1, 3);
    }

    private JwtKeyRing Ring() => new(_directory, time: _clock);

    private VerifiedJwtSvid Verify(JwtKeyRing ring, string token) =>
        JwtSvidValidator.Validate(token, "orders", new TrustBundleSet(new TrustBundle("example.org") { JwtAuthorities = ring.Published() }), _clock.Now);

    private sealed class SteppedClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
