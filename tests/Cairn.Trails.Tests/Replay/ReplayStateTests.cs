using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Trails.Replay;

namespace Cairn.Trails.Tests.Replay;

/// <summary>The state of a trail after each of its records.</summary>
public sealed class ReplayStateTests
{
    private readonly TrailStory _story = new();

    [Fact]
    public void Act_is_open_from_its_request_to_its_outcome()
    {
        var task = _story.Begin();
        var request = _story.Act(task);

        Assert.Empty(After(1).Actions);
        Assert.Equal(request, Assert.Single(After(2).Actions).Request);
        Assert.Empty(After(3).Actions);
        Assert.Contains(After(3).RestsOn, basis => basis.How == "requested" && basis.Record == request);
    }

    [Fact]
    public void Credential_is_live_until_it_expires_though_no_record_says_so()
    {
        _story.Begin();
        _story.Issue("c1", seconds: 60);
        _story.Act();
        _story.Wait(61);
        _story.Act(status: null);

        Assert.Equal("c1", Assert.Single(After(4).Credentials).Id);
        Assert.Empty(After(5).Credentials);
    }

    [Fact]
    public void Delegation_is_live_until_it_ends()
    {
        var task = _story.Begin();
        var child = _story.Delegate(task);
        _story.EndDelegation(child);

        Assert.Equal(TrailStory.Agent("b"), Assert.Single(After(2).Delegations).To);
        Assert.Empty(After(3).Delegations);
    }

    [Fact]
    public void Approval_waits_until_it_is_answered()
    {
        _story.Begin();
        var action = _story.NewId();
        _story.Decide(action, "needs_approval");
        var question = _story.Ask(action);
        _story.Answer(question);

        Assert.Equal(question, Assert.Single(After(3).Waiting).Request);
        Assert.Empty(After(4).Waiting);
        Assert.Single(After(4).Known.Authority.Decisions);
    }

    [Fact]
    public void Basis_that_is_not_known_yet_is_named_without_a_record()
    {
        _story.Begin();
        var (missing, span) = (_story.NewId(), SpanId.New());
        _story.Tell(RecordKinds.ActionRequested, null, new { type = "tool.call", resource = "mcp://files/tools/read_file", decision = missing.ToString() }, span);

        var basis = Assert.Single(After(2).RestsOn, basis => basis.How == "decision");
        Assert.Null(basis.Record);
        Assert.Equal(missing.ToString(), basis.Names);
    }

    [Fact]
    public void State_at_a_step_is_the_state_of_knowledge_at_its_instant()
    {
        var task = _story.Begin();
        _story.Act(task);
        _story.Act(task, "write_file");
        var trail = _story.Read();

        Assert.All(Enumerable.Range(1, trail.Records.Count), step =>
        {
            var state = ReplayState.Of(trail, step);
            Assert.Equal(step, trail.StepAt(state.Time));
            Assert.Equal(trail.At(state.Time)!.Records, state.Known.Records);
        });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Step_that_the_trail_does_not_have_is_refused(int step)
    {
        _story.Begin();
        Assert.Throws<ArgumentOutOfRangeException>(() => After(step));
    }

    private ReplayState After(int step) => ReplayState.Of(_story.Read(), step);
}
