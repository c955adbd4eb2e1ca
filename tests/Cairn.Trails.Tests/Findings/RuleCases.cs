using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Trust;
using Cairn.Trails.Findings;

namespace Cairn.Trails.Tests.Findings;

/// <summary>One case for each rule of the catalogue: the flag is the least that makes the difference.</summary>
internal static class RuleCases
{
    public static IReadOnlyDictionary<string, RuleCase> All { get; } = new Dictionary<string, RuleCase>(StringComparer.Ordinal)
    {
        ["lineage.orphan"] = new((story, planted) =>
        {
            var root = story.Begin();
            story.Act(planted ? SpanId.New() : root);
        }),
        ["lineage.no_root"] = new((story, planted) => story.Begin(planted ? SpanId.New() : null)),
        ["lineage.second_root"] = new((story, planted) =>
        {
            var root = story.Begin();
            story.Begin(planted ? null : root, by: "second");
        }),
        ["lineage.cycle"] = new((story, planted) =>
        {
            var (one, other) = (SpanId.New(), SpanId.New());
            story.Begin(planted ? other : null, span: one);
            story.Begin(one, span: other, by: "second");
        }),
        ["lineage.open_span"] = new((story, planted) =>
        {
            var root = story.Begin();
            story.Act(root, status: planted ? null : "lost");
            story.Finish(root);
        }),
        ["lineage.missing_counterpart"] = new((story, planted) =>
        {
            var (request, span) = (story.NewId(), SpanId.New());
            story.Complete(request, span);
            // Late, and by another run of the same emitter even: the request is there.
            if (!planted)
            {
                story.Request(span, id: request);
            }
        }),
        ["lineage.sequence_gap"] = new((story, planted) =>
        {
            story.Act();
            if (planted)
            {
                story.Lose();
            }

            story.Act();
        }),
        ["lineage.count_mismatch"] = new((story, planted) => story.Finish(story.Begin(), records: planted ? 3 : 2)),
        ["lineage.sequence_repeated"] = new((story, planted) =>
        {
            story.Tell(RecordKinds.ContextCaptured, body: new { subject = "model" }, seq: 0);
            story.Tell(RecordKinds.ContextCaptured, body: new { subject = "model" }, seq: planted ? 0 : 1);
        }),
        ["lineage.late_declaration"] = new((story, planted) =>
        {
            var task = SpanId.New();
            if (!planted)
            {
                story.Begin(span: task);
            }

            story.Act(task);
            if (planted)
            {
                story.Begin(span: task);
            }
        }),
        ["lineage.time_order"] = new((story, planted) =>
        {
            // Another emitter's clock may be five seconds behind, and no more.
            var child = story.Delegate(story.Begin());
            story.Wait(planted ? -6 : -4);
            story.Tell(RecordKinds.DelegationEnded, body: new { reason = "done", child_span = child.ToString() }, span: child, by: "second");
        }),
        ["authority.no_decision"] = new((story, planted) =>
        {
            Decided(story, "allow");
            story.Act(by: planted ? "gateway" : "second");
        }),
        ["authority.act_after_deny"] = new((story, planted) => Decided(story, "deny", planted ? "tool_error" : "refused")),
        ["authority.decision_after_act"] = new((story, planted) =>
        {
            var (action, decision, span) = (story.NewId(), story.NewId(), SpanId.New());
            story.Request(span, id: action, more: new { decision = decision.ToString() });
            story.Wait(4);
            story.Tell(RecordKinds.PolicyDecided, decision, new { decision = "allow", action = action.ToString() }, by: planted ? "gateway" : "second");
        }),
        ["authority.decision_differs"] = new((story, _) => Decided(story, "allow"))
        {
            // What was recomputed is this trail's decision, or another trail's.
            Recomputed = (trail, planted) => [new RecomputedDecision(planted ? trail.Authority.Decisions[0].Record : RecordId.New(TrailStory.Start), "decision deny", "decision allow")],
        },
        ["authority.approval_missing"] = new((story, planted) => Approved(story, planted ? "denied" : "approved")),
        ["authority.approval_stale"] = new((story, planted) => Approved(story, "approved", expires: story.Now.AddSeconds(10), wait: planted ? 16 : 14)),
        ["authority.approval_other_action"] = new((story, planted) => Approved(story, "approved", digest: planted ? "hmac-sha256:01" : "hmac-sha256:00")),
        ["authority.approval_reused"] = new((story, planted) =>
        {
            var answer = Approved(story, "approved");
            story.Act(status: planted ? "ok" : "refused", more: new { approval = answer.ToString() });
        }),
        ["authority.scope_wider"] = new((story, planted) =>
        {
            var first = story.Delegate(story.Begin(), scope: ["tool:read_*"]);
            story.Delegate(story.Begin(first, agent: "b", by: "second"), "b", "c", [planted ? "tool:read*" : "tool:read_file"]);
        }),
        ["authority.outside_scope"] = new((story, planted) =>
            story.Act(story.Delegate(story.Begin(), scope: ["tool:read_*"]), planted ? "readme" : "read_me", agent: "b", by: "second")),
        ["authority.delegation_ended"] = new((story, planted) =>
        {
            var child = story.Delegate(story.Begin(), expires: story.Now.AddSeconds(10));
            story.Wait(planted ? 16 : 14);
            story.Act(child, agent: "b", by: "second");
        }),
        ["authority.too_deep"] = new((story, planted) =>
        {
            var span = story.Begin();
            for (var i = 0; i < (planted ? 3 : 2); i++)
            {
                span = story.Delegate(span, $"d{i}", $"d{i + 1}");
            }
        })
        { Options = new CheckOptions { MaxDelegationDepth = 2 } },
        ["authority.not_the_delegate"] = new((story, planted) => story.Act(story.Delegate(story.Begin(), to: "b"), agent: planted ? "a" : "b", by: "second")),
        ["credentials.unknown"] = new((story, planted) =>
        {
            story.Issue(planted ? "c2" : "c1");
            Use(story);
        })
        { KnowsLedger = true },
        ["credentials.used_before_issue"] = new((story, planted) =>
        {
            Use(story);
            story.Wait(planted ? 6 : 4);
            story.Issue();
        }),
        ["credentials.used_after_expiry"] = new((story, planted) =>
        {
            story.Issue(seconds: 10);
            story.Wait(planted ? 16 : 14);
            Use(story);
        }),
        ["credentials.used_after_revocation"] = new((story, planted) =>
        {
            story.Issue();
            story.Tell(RecordKinds.CredentialRevoked, body: new { id = "c1", reason = "over" });
            story.Wait(planted ? 6 : 4);
            Use(story);
        }),
        ["credentials.long_lived"] = new((story, planted) => story.Issue(seconds: planted ? 86401 : 86400)),
        ["credentials.issued_twice"] = new((story, planted) =>
        {
            story.Issue("c1");
            story.Issue(planted ? "c1" : "C1");
        }),
        ["credentials.outside_scope"] = new((story, planted) =>
        {
            story.Issue(scope: [planted ? "tool:read_files" : "tool:read_file"]);
            Use(story);
        }),
        ["credentials.outside_audience"] = new((story, planted) =>
        {
            story.Issue(audience: [planted ? "mcp://file" : "mcp://files"]);
            Use(story);
        }),
        ["credentials.another_key"] = new((story, planted) =>
        {
            story.Issue(more: new { holder_key = "k1" });
            story.Use("c1", story.Act(more: new { credential = "c1" }), more: new { holder_key = planted ? "k2" : "k1", proof = "dpop" });
        }),
        ["credentials.another_workload"] = new((story, planted) =>
        {
            story.Issue(holder: planted ? "b" : "a");
            Use(story);
        }),
        ["credentials.shared_by_agents"] = new((story, planted) =>
        {
            Use(story);
            story.Act(agent: planted ? "b" : "a", by: "second", more: new { credential = "c1" });
        }),
        ["credentials.shared_by_tasks"] = new((story, _) => Use(story)) { KnowsLedger = true, UsedElsewhere = planted => planted },
        ["environment.tool_not_in_manifest"] = new((story, planted) =>
        {
            var task = story.Begin();
            Manifest(story, task, planted ? "read_files" : "read_file");
            story.Act(task);
        }),
        ["environment.manifest_changed"] = new((story, planted) =>
        {
            var task = story.Begin();
            Manifest(story, task, "read_file");
            Manifest(story, task, "read_file", changed: planted);
        }),
        ["environment.unmanaged_server"] = new((story, planted) =>
        {
            story.Act(by: "agent/a");
            story.Act(resource: planted ? "mcp://file/tools/read_file" : "mcp://files/tools/read_file");
        }),
        ["environment.direct_shell"] = new((story, planted) => story.Act(type: "process.exec", resource: planted ? "/usr/bin/bash" : "/usr/bin/bash-completion")),
        ["environment.unexpected_egress"] = new((story, planted) =>
            story.Act(type: "http.request", resource: planted ? "https://notexample.org/" : "https://not.example.org/"))
        { Options = new CheckOptions { EgressHosts = ["*.example.org"] } },
        ["evidence.unknown_emitter"] = new((story, planted) => story.Act(by: planted ? "gateways/a" : "gateway/a"))
        { Options = new CheckOptions { Trust = TrustPolicy.For([], [], [new EmitterRule(EmitterRole.Gateway, "spiffe://cairn.local/gateway/*")]) } },
        ["evidence.capture_weaker"] = new((story, planted) =>
        {
            var id = story.NewId();
            var decision = story.Decide(id, "allow", more: new { obligations = new[] { "capture:redacted" } });
            story.Act(id: id, more: new { decision = decision.ToString(), input = new { content = planted ? "none" : "redacted" } });
        }),
        ["evidence.declared_gap"] = new((story, planted) =>
        {
            story.Act(status: "lost");
            if (planted)
            {
                story.Tell(RecordKinds.GapDeclared, body: new { reason = "spool.full", count = 0 });
            }
        }),
        ["evidence.contradicted_effect"] = new((story, planted) => Effect(story, story.Act(), planted ? "failed" : "ok")),
        ["evidence.effect_without_action"] = new((story, planted) =>
        {
            var act = story.Act();
            Effect(story, planted ? story.NewId() : act, "ok");
        }),
        ["evidence.unconfirmed_effect"] = new((story, planted) =>
        {
            Effect(story, story.Act(more: new { writes = true }), "ok");
            story.Act(more: new { writes = planted });
        }),
    };

    private static void Decided(TrailStory story, string decision, string status = "ok")
    {
        var id = story.NewId();
        story.Act(id: id, status: status, more: new { decision = story.Decide(id, decision).ToString() });
    }

    private static RecordId Approved(TrailStory story, string decision, string digest = "hmac-sha256:00", DateTimeOffset? expires = null, double wait = 0)
    {
        var id = story.NewId();
        story.Decide(id, "needs_approval");
        var question = story.Ask(id, expires: expires);
        story.Wait(wait);
        var answer = story.Answer(question, decision, digest);
        var again = story.Decide(id, "allow", more: new { approval = answer.ToString() });
        story.Act(id: id, more: new { decision = again.ToString(), approval = answer.ToString() });
        return answer;
    }

    private static void Use(TrailStory story) => story.Use("c1", story.Act(more: new { credential = "c1" }));

    private static void Manifest(TrailStory story, SpanId task, string tool, bool changed = false) => story.Tell(
        RecordKinds.ContextCaptured, body: new { subject = "mcp.tools", digest = "sha256:aa", changed, tools = new[] { new { name = tool, digest = "sha256:b" } } }, span: task);

    private static void Effect(TrailStory story, RecordId action, string status) => story.Tell(
        RecordKinds.EffectObserved, body: new { system = "s3", event_id = "e", operation = "put", resource = "bucket", status, action = action.ToString() }, by: "importer/s3");
}
