using Cairn.Evidence.Records;
using Cairn.Gateway.Authority;
using Cairn.Policy;

namespace Cairn.Gateway.Tests.Authority;

/// <summary>No credential, no act; and no secret anywhere but in the permit.</summary>
public sealed class CredentialTests
{
    private static readonly CredentialRule Rule = new("bank", "https://bank.test", ["pay"], TimeSpan.FromMinutes(1), PerTask: false);

    private static PolicyDecision Granting(bool perTask = false) =>
        DecidingPolicy.Decision(PolicyOutcome.Allow) with { Credential = Rule with { PerTask = perTask } };

    [Fact]
    public async Task Credential_is_obtained_named_in_the_evidence_and_its_secret_nowhere()
    {
        var source = new ScriptedCredentials();
        await using var bench = await PipelineBench.StartAsync(_ => Granting(), source);

        var permit = await bench.Pipeline.BeginAsync(bench.Pay(), null, default);
        await permit.CompleteAsync(new ActionResult("ok"));
        await bench.FlushAsync();

        Assert.Equal(ScriptedCredentials.Token, permit.Credential?.Token);
        Assert.Equal("subject-secret-token", source.LastDemand?.SubjectToken);
        Assert.Equal("jti-1", bench.Only(RecordKinds.ActionRequested).Body.GetProperty("credential").GetString());
        var used = bench.Only(RecordKinds.CredentialUsed);
        Assert.Equal("jti-1", used.Body.GetProperty("id").GetString());
        Assert.Equal(permit.Requested.ToString(), used.Body.GetProperty("action").GetString());
        Assert.All(bench.Records, r => AssertFree(System.Text.Encoding.UTF8.GetString(r.Bytes.Span)));
        AssertFree(bench.Log.ToString());
        foreach (var file in Directory.EnumerateFiles(bench.Data, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith(".lock", StringComparison.Ordinal)))
        {
            AssertFree(System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file)));
        }
    }

    private static void AssertFree(string text)
    {
        Assert.DoesNotContain(ScriptedCredentials.Token, text, StringComparison.Ordinal);
        Assert.DoesNotContain("subject-secret-token", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Broker_that_is_down_refuses_the_action()
    {
        await using var bench = await PipelineBench.StartAsync(_ => Granting(), new ScriptedCredentials { IsDown = true });

        var permit = await bench.Pipeline.BeginAsync(bench.Pay(), null, default);

        Assert.Equal("credential_refused", permit.Refusal?.Code);
        Assert.Equal([RecordKinds.PolicyDecided, RecordKinds.ActionRequested, RecordKinds.ActionCompleted], bench.Kinds);
    }

    [Fact]
    public async Task Credential_revoked_between_issue_and_use_is_not_used()
    {
        await using var bench = await PipelineBench.StartAsync(_ => Granting(), new ScriptedCredentials { IsActive = () => false });

        var permit = await bench.Pipeline.BeginAsync(bench.Pay(), null, default);

        Assert.Equal("credential_refused", permit.Refusal?.Code);
        Assert.Null(permit.Credential);
        Assert.DoesNotContain(RecordKinds.CredentialUsed, bench.Kinds);
        Assert.Equal("refused", bench.Only(RecordKinds.ActionCompleted).Body.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Credential_of_a_task_is_issued_once_and_anew_after_its_revocation()
    {
        var active = true;
        var source = new ScriptedCredentials { IsActive = () => active };
        await using var bench = await PipelineBench.StartAsync(_ => Granting(perTask: true), source);

        var first = await bench.Pipeline.BeginAsync(bench.Pay(1), null, default);
        var second = await bench.Pipeline.BeginAsync(bench.Pay(2), null, default);
        active = false;
        var revoked = await bench.Pipeline.BeginAsync(bench.Pay(3), null, default);
        active = true;
        var renewed = await bench.Pipeline.BeginAsync(bench.Pay(4), null, default);

        Assert.Equal(["jti-1", "jti-1", null, "jti-2"], new[] { first, second, revoked, renewed }.Select(p => p.Credential?.Id));
        Assert.Equal("credential_refused", revoked.Refusal?.Code);
    }

    [Fact]
    public async Task Granted_credential_without_a_broker_refuses_the_action()
    {
        await using var bench = await PipelineBench.StartAsync(_ => Granting());

        var permit = await bench.Pipeline.BeginAsync(bench.Pay(), null, default);

        Assert.Equal("credential_refused", permit.Refusal?.Code);
    }
}
