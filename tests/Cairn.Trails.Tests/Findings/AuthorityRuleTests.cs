using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Trails.Findings;

namespace Cairn.Trails.Tests.Findings;

public sealed class AuthorityRuleTests
{
    private readonly TrailStory _story = new();

    [Fact]
    public void Missing_decision_is_found_where_the_same_emitter_decides_other_actions()
    {
        Decided("allow");
        var undecided = _story.Act();
        _story.One("authority.no_decision").RestsOn(undecided);
    }

    [Fact]
    public void Missing_decision_is_not_found_where_another_emitter_has_no_policy()
    {
        Decided("allow");
        _story.Act(by: "second");
        _story.None("authority.no_decision");
    }

    [Fact]
    public void Missing_decision_is_not_found_where_the_action_was_refused()
    {
        Decided("allow");
        _story.Act(status: "refused");
        _story.None("authority.no_decision");
    }

    [Fact]
    public void Act_after_deny_is_found_with_request_decision_and_outcome()
    {
        var (action, decision) = Decided("deny");
        _story.One("authority.act_after_deny").RestsOn(action, decision, _story.Records[^1].Record.Id);
    }

    [Fact]
    public void Act_after_deny_is_found_where_an_accepted_act_was_cancelled_later()
    {
        var (id, span) = (_story.NewId(), SpanId.New());
        var decision = _story.Decide(id, "deny");
        _story.Request(span, id: id, more: new { decision = decision.ToString() });
        _story.Complete(id, span, "accepted");
        _story.Complete(id, span, "cancelled");
        _story.One("authority.act_after_deny");
    }

    [Theory]
    [InlineData("refused", "enforce")]
    [InlineData("cancelled", "enforce")]
    [InlineData("ok", "shadow")]
    public void Act_after_deny_is_not_found_where_it_was_not_done_or_the_decision_does_not_bind(string status, string mode)
    {
        Decided("deny", status, new { mode });
        _story.None("authority.act_after_deny");
    }

    [Fact]
    public void Late_decision_is_found_by_the_order_of_one_stream()
    {
        var (id, decision, span) = (_story.NewId(), _story.NewId(), SpanId.New());
        _story.Request(span, id: id, more: new { decision = decision.ToString() });
        _story.Tell(RecordKinds.PolicyDecided, decision, new { decision = "allow", action = id.ToString() });
        _story.One("authority.decision_after_act").RestsOn(id, decision);
    }

    [Fact]
    public void Late_decision_is_not_found_where_another_hosts_clock_is_a_little_ahead()
    {
        var (id, decision, span) = (_story.NewId(), _story.NewId(), SpanId.New());
        _story.Request(span, id: id, more: new { decision = decision.ToString() });
        _story.Wait(2);
        _story.Tell(RecordKinds.PolicyDecided, decision, new { decision = "allow", action = id.ToString() }, by: "second");
        _story.None("authority.decision_after_act");
    }

    [Fact]
    public void Decision_that_recomputing_gives_otherwise_is_found_and_one_of_another_trail_is_not()
    {
        var (action, decision) = Decided("allow");
        var trail = new TrailCase(_story.Read())
        {
            Recomputed = [new RecomputedDecision(decision, "decision deny", "decision allow"), new RecomputedDecision(_story.NewId(), "decision deny", "decision allow")],
        };

        var finding = Assert.Single(RuleCatalogue.Check(trail), finding => finding.Rule == "authority.decision_differs");
        finding.RestsOn(decision, action);
        Assert.Equal(("decision deny", "decision allow"), (finding.Expected, finding.Found));
    }

    [Fact]
    public void Decision_is_not_judged_where_nothing_was_recomputed()
    {
        Decided("allow");
        _story.None("authority.decision_differs");
    }

    [Fact]
    public void Missing_approval_is_found_where_nobody_was_asked()
    {
        var (action, decision) = Decided("needs_approval");
        _story.One("authority.approval_missing").RestsOn(action, decision);
    }

    [Theory]
    [InlineData("denied")]
    [InlineData("expired")]
    [InlineData("withdrawn")]
    public void Missing_approval_is_found_where_the_answer_was_no(string answer)
    {
        var id = _story.NewId();
        var decision = _story.Decide(id, "needs_approval");
        _story.Answer(_story.Ask(id), answer);
        _story.Act(id: id, more: new { decision = decision.ToString() });
        Assert.Contains(answer, _story.One("authority.approval_missing").Found);
    }

    [Fact]
    public void Approved_action_has_no_finding_of_approvals()
    {
        Approved();
        foreach (var rule in new[] { "missing", "stale", "other_action", "reused" })
        {
            _story.None($"authority.approval_{rule}");
        }
    }

    [Fact]
    public void Stale_approval_is_found_where_it_came_after_its_question_had_expired()
    {
        Approved(expires: _story.Now.AddSeconds(10), wait: 60);
        Assert.Contains("expired", _story.One("authority.approval_stale").Found);
    }

    [Fact]
    public void Stale_approval_is_found_where_it_came_after_the_act()
    {
        var (id, answer) = (_story.NewId(), _story.NewId());
        var question = _story.Ask(id);
        _story.Act(id: id, more: new { approval = answer.ToString() });
        _story.Wait(60);
        _story.Tell(RecordKinds.ApprovalRecorded, answer, new { requested = question.ToString(), action_digest = "hmac-sha256:00", decision = "approved" });
        _story.One("authority.approval_stale").RestsOn(id, answer, question);
    }

    [Fact]
    public void Stale_approval_is_not_found_where_it_came_just_in_time()
    {
        Approved(expires: _story.Now.AddSeconds(10), wait: 9);
        _story.None("authority.approval_stale");
    }

    [Fact]
    public void Approval_of_another_digest_is_found()
    {
        Approved(digest: "hmac-sha256:11");
        Assert.Contains("hmac-sha256:11", _story.One("authority.approval_other_action").Found);
    }

    [Fact]
    public void Approval_of_another_action_is_found()
    {
        var other = _story.NewId();
        var answer = _story.Answer(_story.Ask(other));
        _story.Act(more: new { approval = answer.ToString() });
        Assert.Contains(other.ToString(), _story.One("authority.approval_other_action").Found);
    }

    [Fact]
    public void Reused_approval_is_found_with_all_its_actions()
    {
        var id = _story.NewId();
        var answer = _story.Answer(_story.Ask(id));
        _story.Act(id: id, more: new { approval = answer.ToString() });
        var second = _story.Act(more: new { approval = answer.ToString() });
        _story.One("authority.approval_reused").RestsOn(answer, id, second);
    }

    [Fact]
    public void Reused_approval_is_not_found_where_the_second_action_was_refused()
    {
        var id = _story.NewId();
        var answer = _story.Answer(_story.Ask(id));
        _story.Act(id: id, more: new { approval = answer.ToString() });
        _story.Act(status: "refused", more: new { approval = answer.ToString() });
        _story.None("authority.approval_reused");
    }

    [Fact]
    public void Wider_scope_is_found_where_a_delegate_gives_what_it_has_not()
    {
        var first = _story.Delegate(_story.Begin(), scope: ["tool:read_file", "pay:*"]);
        var task = _story.Begin(first, agent: "b", by: "second");
        _story.Delegate(task, "b", "c", ["pay:invoice", "tool:delete"]);
        Assert.Equal("tool:delete", _story.One("authority.scope_wider").Found);
    }

    [Fact]
    public void Wider_scope_is_not_found_where_a_pattern_covers_what_is_given()
    {
        var first = _story.Delegate(_story.Begin(), scope: ["tool:*"]);
        _story.Delegate(_story.Begin(first, agent: "b", by: "second"), "b", "c", ["tool:read_*", "tool:delete"]);
        _story.None("authority.scope_wider");
    }

    [Fact]
    public void Wider_scope_is_found_where_a_credential_permits_more_than_the_one_it_was_exchanged_for()
    {
        _story.Issue("c1", scope: ["tool:read_file"]);
        _story.Issue("c2", scope: ["tool:write_file"], more: new { parent = "c1" });
        Assert.Equal("tool:write_file", _story.One("authority.scope_wider").Found);
    }

    [Fact]
    public void Wider_scope_is_not_found_where_a_credential_narrows()
    {
        _story.Issue("c1", scope: ["tool:read_file", "tool:write_file"]);
        _story.Issue("c2", scope: ["tool:read_file"], more: new { parent = "c1" });
        _story.None("authority.scope_wider");
    }

    [Fact]
    public void Act_outside_the_scope_is_found_by_the_intersection_of_all_delegations()
    {
        var first = _story.Delegate(_story.Begin(), scope: ["tool:read_file"]);
        var second = _story.Delegate(_story.Begin(first, agent: "b", by: "second"), "b", "c", ["tool:read_file", "tool:delete"]);
        var act = _story.Act(_story.Begin(second, agent: "c", by: "third"), "delete", agent: "c", by: "third");
        Assert.Equal(act, _story.One("authority.outside_scope").Records[0]);
    }

    [Theory]
    [InlineData("tool:read_*")]
    [InlineData("invoices")]
    public void Act_outside_the_scope_is_not_found_where_it_is_covered_or_the_scope_speaks_of_no_tool(string scope)
    {
        _story.Act(_story.Delegate(_story.Begin(), scope: [scope]), agent: "b", by: "second");
        _story.None("authority.outside_scope");
    }

    [Fact]
    public void Ended_delegation_is_found_where_an_act_follows_its_end()
    {
        var child = _story.Delegate(_story.Begin());
        _story.EndDelegation(child);
        _story.Wait(60);
        var act = _story.Act(child, agent: "b", by: "second");
        Assert.Equal(act, _story.One("authority.delegation_ended").Records[0]);
    }

    [Fact]
    public void Expired_delegation_is_found_further_up_the_chain_too()
    {
        var first = _story.Delegate(_story.Begin(), expires: _story.Now.AddSeconds(30));
        var second = _story.Delegate(first, "b", "c");
        _story.Wait(60);
        _story.Act(second, agent: "c", by: "second");
        Assert.Contains(TrailStory.Agent("b"), _story.One("authority.delegation_ended").Found);
    }

    [Fact]
    public void Ended_delegation_is_not_found_where_the_act_was_before_its_end()
    {
        var child = _story.Delegate(_story.Begin(), expires: _story.Now.AddSeconds(30));
        _story.Act(child, agent: "b", by: "second");
        _story.Wait(60);
        _story.EndDelegation(child);
        _story.None("authority.delegation_ended");
    }

    [Fact]
    public void Too_deep_delegation_is_found_once_where_the_chain_passes_the_limit()
    {
        Chain(4);
        _story.One("authority.too_deep", new CheckOptions { MaxDelegationDepth = 2 });
    }

    [Fact]
    public void Too_deep_delegation_is_not_found_at_the_limit()
    {
        Chain(4);
        _story.None("authority.too_deep", new CheckOptions { MaxDelegationDepth = 4 });
    }

    [Fact]
    public void Act_by_another_than_the_delegate_is_found()
    {
        _story.Act(_story.Delegate(_story.Begin(), to: "b"), agent: "c", by: "second");
        Assert.Equal(TrailStory.Agent("c"), _story.One("authority.not_the_delegate").Found);
    }

    [Fact]
    public void Act_by_the_delegate_or_outside_any_delegation_is_not_found()
    {
        var task = _story.Begin();
        _story.Act(_story.Delegate(task, to: "b"), agent: "b", by: "second");
        _story.Act(task, agent: "a");
        _story.None("authority.not_the_delegate");
    }

    private (RecordId Action, RecordId Decision) Decided(string decision, string status = "ok", object? more = null)
    {
        var id = _story.NewId();
        var decided = _story.Decide(id, decision, more: more);
        _story.Act(id: id, status: status, more: new { decision = decided.ToString() });
        return (id, decided);
    }

    private void Approved(string digest = "hmac-sha256:00", DateTimeOffset? expires = null, double wait = 0)
    {
        var id = _story.NewId();
        _story.Decide(id, "needs_approval");
        var question = _story.Ask(id, expires: expires);
        _story.Wait(wait);
        var answer = _story.Answer(question, digest: digest);
        var again = _story.Decide(id, "allow", more: new { approval = answer.ToString() });
        _story.Act(id: id, more: new { decision = again.ToString(), approval = answer.ToString() });
    }

    private void Chain(int depth)
    {
        var span = _story.Begin();
        for (var i = 0; i < depth; i++)
        {
            span = _story.Delegate(span, $"d{i}", $"d{i + 1}");
        }
    }
}
