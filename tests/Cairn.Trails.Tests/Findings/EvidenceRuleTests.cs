using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Trust;
using Cairn.Trails.Findings;

namespace Cairn.Trails.Tests.Findings;

public sealed class EvidenceRuleTests
{
    private readonly TrailStory _story = new();

    [Theory]
    [InlineData("spiffe://cairn.local/gateway/*", false)]
    [InlineData("spiffe://cairn.local/agent/*", true)]
    public void Unknown_emitter_is_found_where_the_trust_policy_does_not_name_it(string pattern, bool found)
    {
        _story.Act();
        var options = new CheckOptions { Trust = TrustPolicy.For([], [], [new EmitterRule(EmitterRole.Gateway, pattern)]) };
        Assert.Equal(found, _story.Findings(options).Any(finding => finding.Rule == "evidence.unknown_emitter"));
    }

    [Theory]
    [InlineData("capture:full", "none", true)]
    [InlineData("capture:full", "redacted", true)]
    [InlineData("capture:redacted", "full", false)]
    [InlineData("notify:owner", "none", false)]
    public void Weaker_capture_is_found_by_the_decisions_obligation(string obligation, string kept, bool found)
    {
        var id = _story.NewId();
        var decision = _story.Decide(id, "allow", more: new { obligations = new[] { obligation } });
        _story.Act(id: id, more: new { decision = decision.ToString(), input = new { content = kept } });
        Assert.Equal(found, _story.Findings().Any(finding => finding.Rule == "evidence.capture_weaker"));
    }

    [Fact]
    public void Declared_gap_is_found_with_its_reason()
    {
        var gap = _story.Tell(RecordKinds.GapDeclared, body: new { reason = "spool.full", count = 7 });
        var finding = _story.One("evidence.declared_gap");
        finding.RestsOn(gap);
        Assert.Equal("7, spool.full", finding.Found);
    }

    [Fact]
    public void Declared_gap_is_not_found_where_an_act_was_only_lost()
    {
        _story.Act(status: "lost");
        _story.None("evidence.declared_gap");
    }

    [Theory]
    [InlineData("ok", "denied", true)]
    [InlineData("refused", "ok", true)]
    [InlineData("ok", "ok", false)]
    [InlineData("tool_error", "failed", false)]
    public void Contradicted_effect_is_found_where_claim_and_target_differ(string claimed, string seen, bool found)
    {
        Effect(_story.Act(status: claimed), seen);
        Assert.Equal(found, _story.Findings().Any(finding => finding.Rule == "evidence.contradicted_effect"));
    }

    [Theory]
    [InlineData("v1", "v2", true)]
    [InlineData("v1", "v1", false)]
    public void Contradicted_effect_is_found_where_versions_differ(string claimed, string seen, bool found)
    {
        var span = SpanId.New();
        var act = _story.Request(span);
        _story.Complete(act, span, more: new { after = new { kind = "etag", value = claimed } });
        Effect(act, "ok", seen);
        Assert.Equal(found, _story.Findings().Any(finding => finding.Rule == "evidence.contradicted_effect"));
    }

    [Fact]
    public void Effect_without_an_action_is_found()
    {
        var effect = Effect(null, "ok");
        _story.One("evidence.effect_without_action").RestsOn(effect);
    }

    [Fact]
    public void Effect_with_its_action_is_not_found()
    {
        Effect(_story.Act(), "ok");
        _story.None("evidence.effect_without_action");
    }

    [Fact]
    public void Unconfirmed_write_is_found_where_other_writes_are_confirmed()
    {
        Effect(Write(), "ok");
        var unconfirmed = Write();
        _story.One("evidence.unconfirmed_effect").RestsOn(unconfirmed);
    }

    [Fact]
    public void Unconfirmed_write_is_not_found_where_no_target_log_is_imported()
    {
        Write();
        _story.None("evidence.unconfirmed_effect");
    }

    private RecordId Write() => _story.Act(more: new { writes = true });

    private RecordId Effect(RecordId? action, string status, string version = "v1") => _story.Tell(RecordKinds.EffectObserved, body: TrailStory.Join(
        new { system = "s3", event_id = "e", event_time = "2026-11-25T09:00:00.000000Z", resource = "bucket", operation = "put", status, after = new { kind = "etag", value = version } },
        action is { } id ? new { action = id.ToString() } : null), by: "importer/s3");
}
