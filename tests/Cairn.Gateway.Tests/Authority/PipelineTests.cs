using Cairn.Evidence.Records;
using Cairn.Gateway.Authority;
using Cairn.Policy;
using Cairn.Sdk;

namespace Cairn.Gateway.Tests.Authority;

/// <summary>Decide, record, act, record: what is recorded in which order, and what may happen.</summary>
public sealed class PipelineTests
{
    private static string? Text(Record record, string member) => record.Body.TryGetProperty(member, out var value) ? value.GetString() : null;

    [Fact]
    public async Task Allowed_action_names_its_decision_and_is_admitted()
    {
        await using var bench = await PipelineBench.StartAsync(_ => DecidingPolicy.Decision(PolicyOutcome.Allow));

        var permit = await bench.Pipeline.BeginAsync(bench.Pay(), null, default);
        var durable = bench.Records.Count;
        await permit.CompleteAsync(new ActionResult("ok") { Output = "{}"u8.ToArray() });
        await bench.FlushAsync();

        Assert.Null(permit.Refusal);
        Assert.Equal(2, durable);
        Assert.Equal([RecordKinds.PolicyDecided, RecordKinds.ActionRequested, RecordKinds.ActionCompleted], bench.Kinds);
        var (decided, requested) = (bench.Only(RecordKinds.PolicyDecided), bench.Only(RecordKinds.ActionRequested));
        Assert.Equal(requested.Id.ToString(), Text(decided, "action"));
        Assert.Equal(decided.Id.ToString(), Text(requested, "decision"));
        Assert.Equal(("allow", "enforce", "authorize", "1.0"), (Text(decided, "decision"), Text(decided, "mode"), Text(decided, "entry_point"), Text(decided, "version")));
    }

    [Fact]
    public async Task Denied_action_is_refused_and_its_denial_durable()
    {
        await using var bench = await PipelineBench.StartAsync(_ => DecidingPolicy.Decision(PolicyOutcome.Deny));

        var permit = await bench.Pipeline.BeginAsync(bench.Pay(), null, default);

        Assert.Equal("policy_denied", permit.Refusal?.Code);
        Assert.Contains("rule-7", permit.Refusal!.Message, StringComparison.Ordinal);
        Assert.Contains("because rule 7 says so", permit.Refusal.Message, StringComparison.Ordinal);
        Assert.Equal([RecordKinds.PolicyDecided, RecordKinds.ActionRequested, RecordKinds.ActionCompleted], bench.Kinds);
        var completed = bench.Only(RecordKinds.ActionCompleted);
        Assert.Equal("refused", Text(completed, "status"));
        Assert.Equal("policy_denied", completed.Body.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Shadow_denial_is_recorded_and_does_not_bind()
    {
        await using var bench = await PipelineBench.StartAsync(_ => DecidingPolicy.Decision(PolicyOutcome.Deny, PolicyMode.Shadow));

        var permit = await bench.Pipeline.BeginAsync(bench.Pay(), null, default);

        Assert.Null(permit.Refusal);
        var decided = bench.Only(RecordKinds.PolicyDecided);
        Assert.Equal(("deny", "shadow"), (Text(decided, "decision"), Text(decided, "mode")));
    }

    [Fact]
    public async Task Decision_point_that_throws_denies_and_says_so()
    {
        await using var bench = await PipelineBench.StartAsync(_ => throw new InvalidOperationException("engine gone, last seen with secret abc"));

        var permit = await bench.Pipeline.BeginAsync(bench.Pay(), null, default);

        Assert.Equal("policy_denied", permit.Refusal?.Code);
        var decided = bench.Only(RecordKinds.PolicyDecided);
        Assert.Equal("deny", Text(decided, "decision"));
        Assert.Equal("the decision point failed: InvalidOperationException", Assert.Single(decided.Body.GetProperty("errors").EnumerateArray()).GetString());
    }

    [Fact]
    public async Task Decision_that_does_not_come_is_a_denial()
    {
        await using var bench = await PipelineBench.StartAsync(configure: o => o with { Policy = new NeverPolicy(), DecisionTimeout = TimeSpan.FromMilliseconds(50) });

        var permit = await bench.Pipeline.BeginAsync(bench.Pay(), null, default);

        Assert.Equal("policy_denied", permit.Refusal?.Code);
        Assert.Contains("no decision within", bench.Only(RecordKinds.PolicyDecided).Body.GetProperty("errors")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Caller_that_gives_up_in_mid_decision_leaves_a_cancelled_action()
    {
        await using var bench = await PipelineBench.StartAsync(configure: o => o with { Policy = new NeverPolicy() });
        using var cancel = new CancellationTokenSource(50);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await bench.Pipeline.BeginAsync(bench.Pay(), null, cancel.Token));

        Assert.Equal([RecordKinds.ActionRequested, RecordKinds.ActionCompleted], bench.Kinds);
        Assert.Equal("cancelled", Text(bench.Only(RecordKinds.ActionCompleted), "status"));
    }

    [Fact]
    public async Task Content_is_kept_as_the_decision_says()
    {
        await using var bench = await PipelineBench.StartAsync(
            _ => DecidingPolicy.Decision(PolicyOutcome.Allow) with { KeepContent = ContentHandling.Full, KeepInput = ContentHandling.Full });

        await bench.Pipeline.BeginAsync(bench.Pay(), null, default);

        Assert.Equal("full", bench.Only(RecordKinds.ActionRequested).Body.GetProperty("input").GetProperty("content").GetString());
        Assert.Equal("full", bench.Only(RecordKinds.PolicyDecided).Body.GetProperty("input").GetProperty("content").GetString());
        Assert.Equal(2, bench.Ledger.Contents.Count);
    }

    [Fact]
    public async Task Admission_without_evidence_is_refused()
    {
        await using var bench = await PipelineBench.StartAsync(_ => DecidingPolicy.Decision(PolicyOutcome.Allow));
        bench.Ledger.IsAway = true;

        var permit = await bench.Pipeline.BeginAsync(bench.Pay(), null, default);
        bench.Ledger.IsAway = false;
        await bench.FlushAsync();

        Assert.Equal("evidence_unavailable", permit.Refusal?.Code);
        Assert.Equal([RecordKinds.PolicyDecided, RecordKinds.ActionRequested, RecordKinds.ActionCompleted], bench.Kinds);
        Assert.Equal("refused", Text(bench.Only(RecordKinds.ActionCompleted), "status"));
    }

    [Fact]
    public async Task Thousand_parallel_actions_with_a_reload_in_between_are_each_under_one_version()
    {
        var version = 0;
        await using var bench = await PipelineBench.StartAsync(_ =>
        {
            var now = Volatile.Read(ref version);
            return DecidingPolicy.Decision(now == 0 ? PolicyOutcome.Allow : PolicyOutcome.Deny) with { Version = $"{now}" };
        });
        const int calls = 1000;

        var permits = await Task.WhenAll(Enumerable.Range(0, calls).Select(async i =>
        {
            await Task.Yield();
            if (i == calls / 2)
            {
                Interlocked.Increment(ref version);
            }

            var permit = await bench.Pipeline.BeginAsync(bench.Pay(i), null, default);
            await permit.CompleteAsync(new ActionResult("ok"));
            return permit;
        }));
        await bench.FlushAsync();

        var decisions = bench.Records.Where(r => r.Kind == RecordKinds.PolicyDecided).ToDictionary(r => Text(r, "action")!);
        var outcomes = bench.Records.Where(r => r.Kind == RecordKinds.ActionCompleted).ToDictionary(r => Text(r, "requested")!);
        Assert.Equal(calls, decisions.Count);
        Assert.Equal(calls, outcomes.Count);
        Assert.All(permits, permit =>
        {
            var id = permit.Requested.ToString();
            var isAllowed = Text(decisions[id], "version") == "0";
            Assert.Equal(isAllowed, permit.Refusal is null);
            Assert.Equal(isAllowed ? "ok" : "refused", Text(outcomes[id], "status"));
        });
        Assert.InRange(permits.Count(p => p.Refusal is null), 1, calls - 1);
    }

    private sealed class NeverPolicy : IPolicyDecisionPoint
    {
        public async ValueTask<PolicyDecision> DecideAsync(AuthorizationRequest request, CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            throw new InvalidOperationException("never comes here");
        }
    }
}
