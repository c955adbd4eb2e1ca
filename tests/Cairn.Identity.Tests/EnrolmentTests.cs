using Cairn.Evidence;
using Cairn.Identity.Enrolment;

namespace Cairn.Identity.Tests;

public sealed class EnrolmentTests : IDisposable
{
    private static readonly SpiffeId Agent = SpiffeId.Parse("spiffe://example.org/agent/billing");
    private static readonly PeerFacts Peer = new(42, 1000, 100, "/usr/bin/agent", Digest.Sha256([1, 2, 3]), 7);
    private readonly string _directory = Directory.CreateTempSubdirectory("cairn-enrol-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("unix:uid:1000", true)]
    [InlineData("unix:uid:1001", false)]
    [InlineData("unix:gid:100", true)]
    [InlineData("unix:gid:1000", false)]
    [InlineData("unix:path:/usr/bin/agent", true)]
    [InlineData("unix:path:/usr/bin/agent2", false)]
    [InlineData("unix:sha256:039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81", true)]
    [InlineData("unix:sha256:039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb82", false)]
    public void Selector_is_true_of_what_the_kernel_said(string selector, bool expected) =>
        Assert.Equal(expected, Selector.Parse(selector).Matches(Peer));

    [Theory]
    [InlineData("unix:path:/usr/bin/agent")]
    [InlineData("unix:sha256:039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81")]
    public void Selector_is_not_true_of_what_the_kernel_did_not_say(string selector) =>
        Assert.False(Selector.Parse(selector).Matches(Peer with { Path = null, Sha256 = null }));

    [Theory]
    [InlineData("")]
    [InlineData("uid:1")]
    [InlineData("unix:uid:")]
    [InlineData("unix:uid:-1")]
    [InlineData("unix:uid:01")]
    [InlineData("unix:uid:root")]
    [InlineData("unix:uid:4294967296")]
    [InlineData("unix:path:bin/agent")]
    [InlineData("unix:path:/usr/../bin/agent")]
    [InlineData("unix:sha256:ABC")]
    [InlineData("docker:label:x")]
    public void Selector_of_another_form_is_refused(string selector) =>
        Assert.Throws<EvidenceFormatException>(() => Selector.Parse(selector));

    [Fact]
    public void Entry_covers_a_process_of_which_all_its_selectors_are_true()
    {
        var entry = Entries().Add(Agent, "team", TimeSpan.FromHours(1), [Selector.Parse("unix:uid:1000"), Selector.Parse("unix:gid:100")]);

        Assert.True(entry.Covers(Peer));
        Assert.False(entry.Covers(Peer with { Gid = 5 }));
        Assert.Equal(entry.SpiffeId, Assert.Single(Entries().All()).SpiffeId);
    }

    [Fact]
    public void Entry_without_selector_or_for_another_domain_or_with_a_wild_lifetime_is_refused()
    {
        Selector[] selectors = [Selector.Parse("unix:uid:1000")];

        Assert.Throws<AuthorityException>(() => Entries().Add(Agent, "team", TimeSpan.FromHours(1), []));
        Assert.Throws<AuthorityException>(() => Entries().Add(SpiffeId.Parse("spiffe://other.org/agent/a"), "team", TimeSpan.FromHours(1), selectors));
        Assert.Throws<AuthorityException>(() => Entries().Add(Agent, "team", TimeSpan.FromSeconds(1), selectors));
        Assert.Throws<AuthorityException>(() => Entries().Add(Agent, "team", TimeSpan.FromDays(30), selectors));
        Assert.Empty(Entries().All());
    }

    [Fact]
    public void Entry_that_is_there_already_is_refused_and_a_removed_one_is_gone()
    {
        var entry = Entries().Add(Agent, "team", TimeSpan.FromHours(1), [Selector.Parse("unix:uid:1")]);

        Assert.Throws<AuthorityException>(() => Entries().Add(Agent, "team", TimeSpan.FromHours(2), [Selector.Parse("unix:uid:1")]));
        Entries().Remove(entry.Id);
        Assert.Throws<AuthorityException>(() => Entries().Remove(entry.Id));
        Assert.Empty(Entries().All());
    }

    [Fact]
    public void Join_token_is_good_once_and_for_its_identity()
    {
        var tokens = new JoinTokens(_directory);
        var token = tokens.Make(Agent, TimeSpan.FromMinutes(5));

        Assert.False(tokens.Use(token, SpiffeId.Parse("spiffe://example.org/agent/other")));
        Assert.False(tokens.Use(new string('0', 64), Agent));
        Assert.True(tokens.Use(token, Agent));
        Assert.False(tokens.Use(token, Agent));
        Assert.DoesNotContain(token, File.ReadAllText(Path.Combine(_directory, JoinTokens.FileName)), StringComparison.Ordinal);
    }

    [Fact]
    public void Join_token_ends()
    {
        var tokens = new JoinTokens(_directory);

        Assert.False(tokens.Use(tokens.Make(Agent, TimeSpan.Zero), Agent));
    }

    [Fact]
    public async Task Join_token_of_two_who_bring_it_at_once_serves_one()
    {
        var token = new JoinTokens(_directory).Make(Agent, TimeSpan.FromMinutes(5));

        var used = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => new JoinTokens(_directory).Use(token, Agent))));

        Assert.Single(used, good => good);
    }

    private RegistrationEntries Entries() => new(_directory, "example.org");
}
