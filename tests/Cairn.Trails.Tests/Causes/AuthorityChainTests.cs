using Cairn.Evidence;

namespace Cairn.Trails.Tests.Causes;

public sealed class AuthorityChainTests
{
    private readonly TrailStory _story = new();

    [Fact]
    public void Chain_leads_from_the_initiating_principal_over_delegations_of_several_emitters_to_the_action()
    {
        var root = _story.Begin(principal: "ada");
        var given = _story.Delegate(root, scope: ["tool:read_file", "tool:write_file"]);
        var second = _story.Begin(given, agent: "b", by: "second");
        var further = _story.Delegate(second, "b", "c", ["tool:read_file", "pay"], by: "second");
        _story.Act(_story.Begin(further, agent: "c", by: "third"), agent: "c", by: "third");

        var trail = _story.Read();
        var authority = new AuthorityChains(trail).Of(trail.Actions[0]);

        Assert.Equal("ada", authority.Initiator?.Principal);
        Assert.Equal(["tool:read_file"], authority.Scope.Rights);
        Assert.Equal([null, "b", null, "c", null], authority.Chain.Select(link => link.Delegation?.To.Split('/')[^1]));
        Assert.Equal(2, authority.Chain[^1].Depth);
        Assert.Empty(authority.Invalid);
    }

    [Fact]
    public void Credential_narrows_what_might_be_done_further()
    {
        var given = _story.Delegate(_story.Begin(), scope: ["tool:*"]);
        _story.Issue(scope: ["tool:read_file"]);
        _story.Act(given, agent: "b", by: "second", more: new { credential = "c1" });

        var trail = _story.Read();

        Assert.Equal(["tool:read_file"], new AuthorityChains(trail).Of(trail.Actions[0]).Scope.Rights);
    }

    [Fact]
    public void Delegation_that_was_over_at_that_moment_is_named()
    {
        var given = _story.Delegate(_story.Begin(), expires: _story.Now.AddSeconds(5));
        _story.Act(given, agent: "b", by: "second");
        _story.Wait(10);
        _story.Act(given, agent: "b", by: "second");

        var trail = _story.Read();
        var chains = new AuthorityChains(trail);

        Assert.Empty(chains.Of(trail.Actions[0]).Invalid);
        Assert.Equal(given, Assert.Single(chains.Of(trail.Actions[1]).Invalid).Span);
    }

    [Fact]
    public void Chain_that_is_cut_has_no_initiator()
    {
        _story.Act(_story.Begin(SpanId.New()));
        var trail = _story.Read();
        Assert.Null(new AuthorityChains(trail).Of(trail.Actions[0]).Initiator);
    }

    [Fact]
    public void Chain_of_a_hundred_thousand_delegations_takes_no_stack()
    {
        var span = _story.Begin();
        for (var i = 0; i < 100_000; i++)
        {
            span = _story.Delegate(span, $"d{i}", $"d{i + 1}");
        }

        _story.Act(span);
        var trail = _story.Read();

        Assert.Equal(100_000, new AuthorityChains(trail).Of(trail.Actions[0]).Chain[^1].Depth);
        Assert.Empty(trail.Graph.Cycles);
    }

    [Theory]
    [InlineData("a b", "b c", "b")]
    [InlineData("tool:*", "tool:x pay", "tool:x")]
    [InlineData("*", "tool:x", "tool:x")]
    [InlineData("tool:read_*", "tool:r*", "tool:read_*")]
    [InlineData("a", "b", "")]
    public void Scopes_intersect(string one, string other, string both)
    {
        Scope Of(string text) => Scope.Of(text.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(Of(both).Rights, Of(one).Intersect(Of(other)).Rights);
        Assert.Equal(Of(both).Rights, Of(other).Intersect(Of(one)).Rights);
        Assert.Equal(Of(one).Rights, Scope.Unlimited.Intersect(Of(one)).Rights);
    }
}
