using Cairn.Evidence.Records;
using Cairn.Policy.Evaluation;

namespace Cairn.Policy.Tests;

public sealed class DecisionTests
{
    private const string Payments = """
        @id("small")
        permit (principal, action == Action::"tool.call", resource == Tool::"bank/transfer")
        when { context.arguments has amount && context.arguments.amount.lessThanOrEqual(decimal("1000.0")) };

        @id("large") @approval("group:finance, user:alice") @approval_timeout("20m") @reason("more than 1000 needs a second pair of eyes")
        permit (principal, action == Action::"tool.call", resource == Tool::"bank/transfer")
        when { context.arguments has amount && context.arguments.amount.greaterThan(decimal("1000.0")) };

        @id("never-shadows") @reason("agents that nobody answers for pay nothing")
        forbid (principal, action, resource) when { principal.owner == "" };
        """;

    [Fact]
    public void Permit_that_is_satisfied_allows_and_is_named()
    {
        var decided = Bundle.Load(Payments).Evaluate(Bundle.Request(arguments: """{"amount": 12.5}"""));

        Assert.Equal(PolicyOutcome.Allow, decided.Outcome);
        Assert.Equal(["small"], decided.Determining);
        Assert.Equal("permitted by small", decided.Reason);
        Assert.Empty(decided.Errors);
    }

    [Fact]
    public void Request_that_no_policy_permits_is_denied()
    {
        var decided = Bundle.Load(Payments).Evaluate(Bundle.Request(tool: "close_account"));

        Assert.Equal(PolicyOutcome.Deny, decided.Outcome);
        Assert.Empty(decided.Determining);
        Assert.Equal("no policy permits it", decided.Reason);
    }

    [Fact]
    public void Forbid_wins_over_permit_and_its_reason_is_given()
    {
        var decided = Bundle.Load(Payments).Evaluate(Bundle.Request(arguments: """{"amount": 1}""") with { Owner = "" });

        Assert.Equal(PolicyOutcome.Deny, decided.Outcome);
        Assert.Equal(["never-shadows"], decided.Determining);
        Assert.Equal("agents that nobody answers for pay nothing", decided.Reason);
    }

    [Fact]
    public void Permit_with_approval_needs_approval_until_it_is_given()
    {
        var bundle = Bundle.Load(Payments);
        var request = Bundle.Request(arguments: """{"amount": "1000.01"}""");

        var asked = bundle.Evaluate(request);
        var approved = bundle.Evaluate(request with { Approved = true });

        Assert.Equal(PolicyOutcome.NeedsApproval, asked.Outcome);
        Assert.Equal(["group:finance", "user:alice"], asked.Approvers);
        Assert.Equal(["approval:group:finance", "approval:user:alice"], asked.Obligations);
        Assert.Equal(TimeSpan.FromMinutes(20), asked.ApprovalTimeout);
        Assert.Equal("more than 1000 needs a second pair of eyes", asked.Reason);
        Assert.Equal(PolicyOutcome.Allow, approved.Outcome);
        Assert.Empty(approved.Obligations);
    }

    [Fact]
    public void Approval_is_asked_for_even_where_another_policy_permits_without()
    {
        var bundle = Bundle.Load("""
            @id("all") permit (principal, action, resource);
            @id("writes") @approval("group:ops") permit (principal, action, resource) when { context has writes && context.writes };
            """);

        Assert.Equal(PolicyOutcome.NeedsApproval, bundle.Evaluate(Bundle.Request() with { Writes = true }).Outcome);
        Assert.Equal(PolicyOutcome.Allow, bundle.Evaluate(Bundle.Request() with { Writes = false }).Outcome);
        Assert.Equal(PolicyOutcome.Allow, bundle.Evaluate(Bundle.Request() with { Writes = null }).Outcome);
    }

    [Fact]
    public void Approvers_are_those_whom_every_asking_policy_accepts()
    {
        var bundle = Bundle.Load("""
            @id("a") @approval("group:a, user:x") @approval_timeout("1h") permit (principal, action, resource);
            @id("b") @approval("user:x, group:b") @approval_timeout("5m") permit (principal, action, resource);
            """);

        var decided = bundle.Evaluate(Bundle.Request());

        Assert.Equal(["user:x"], decided.Approvers);
        Assert.Equal(TimeSpan.FromMinutes(5), decided.ApprovalTimeout);
    }

    [Fact]
    public void Approval_that_nobody_could_give_for_all_asking_policies_is_a_denial_with_an_error()
    {
        var bundle = Bundle.Load("""
            @id("a") @approval("group:a") permit (principal, action, resource);
            @id("b") @approval("group:b") permit (principal, action, resource);
            """);

        var decided = bundle.Evaluate(Bundle.Request());

        Assert.Equal(PolicyOutcome.Deny, decided.Outcome);
        Assert.Equal(["the policies a, b ask for approval by different people"], decided.Errors);
    }

    [Fact]
    public void Credential_comes_from_the_policy_that_permits()
    {
        var decided = Bundle.Load("""@id("pay") @credential("bank") permit (principal, action, resource);""").Evaluate(Bundle.Request());

        Assert.Equal(PolicyOutcome.Allow, decided.Outcome);
        Assert.Equal(["credential:bank"], decided.Obligations);
        Assert.Equal("https://bank.example", decided.Credential!.Audience);
        Assert.Equal(["pay"], decided.Credential.Scope);
        Assert.Equal(TimeSpan.FromMinutes(5), decided.Credential.Ttl);
        Assert.False(decided.Credential.PerTask);
    }

    [Fact]
    public void Two_credentials_for_one_action_are_a_denial_with_an_error()
    {
        var decided = Bundle.Load("""
            @id("a") @credential("bank") permit (principal, action, resource);
            @id("b") @credential("shop") permit (principal, action, resource);
            """).Evaluate(Bundle.Request());

        Assert.Equal(PolicyOutcome.Deny, decided.Outcome);
        Assert.Equal(["the policies that permit it grant different credentials: bank, shop"], decided.Errors);
    }

    [Fact]
    public void Evaluation_error_of_one_policy_denies_what_another_permits()
    {
        var decided = Bundle.Load("""
            @id("yes") permit (principal, action, resource);
            @id("overflow") permit (principal, action, resource) when { (context.delegation.depth + 1) * 9223372036854775807 > 0 };
            """).Evaluate(Bundle.Request() with { Depth = 3 });

        Assert.Equal(PolicyOutcome.Deny, decided.Outcome);
        Assert.Equal("policy could not be evaluated", decided.Reason);
        var error = Assert.Single(decided.Errors);
        Assert.StartsWith("policy overflow: integer overflow", error, StringComparison.Ordinal);
        Assert.DoesNotContain("9223372036854775807", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Delegation_owner_scopes_time_and_server_can_be_written_about()
    {
        var bundle = Bundle.Load(
            """
            @id("all-of-it")
            permit (principal in Team::"finance", action == Action::"tool.call", resource in Server::"bank")
            when {
              principal.trust_domain == "example.org" && principal.path like "/agent/*" && principal.authenticated == "x509-svid" &&
              context.delegation.depth <= 2 && context.delegation.chain.contains("user:alice") &&
              context.delegation has initiator && context.delegation.initiator == "user:alice" &&
              context.scopes.contains("payments:write") && resource in ToolGroup::"transfers" && context.name == "transfer" &&
              context.uri like "mcp://bank/*" &&
              context.time.toTime() >= duration("8h") && context.time.toTime() < duration("18h")
            };
            """,
            entities: """
            [{"uid":{"type":"Agent","id":"spiffe://example.org/agent/billing"},"attrs":{},"parents":[{"type":"Team","id":"finance"}]},
             {"uid":{"type":"Tool","id":"bank/transfer"},"attrs":{},"parents":[{"type":"ToolGroup","id":"transfers"}]}]
            """);
        var request = Bundle.Request() with
        {
            DelegationChain = ["user:alice", "spiffe://example.org/agent/orchestrator"],
            Depth = 2,
            Scopes = ["payments:write", "payments:read"],
        };

        Assert.Equal(PolicyOutcome.Allow, bundle.Evaluate(request).Outcome);
        Assert.Equal(PolicyOutcome.Deny, bundle.Evaluate(request with { Depth = 3 }).Outcome);
        Assert.Equal(PolicyOutcome.Deny, bundle.Evaluate(request with { Scopes = ["payments:read"] }).Outcome);
        Assert.Equal(PolicyOutcome.Deny, bundle.Evaluate(request with { DelegationChain = ["user:mallory"] }).Outcome);
        Assert.Equal(PolicyOutcome.Deny, bundle.Evaluate(request with { Time = request.Time.AddHours(10) }).Outcome);
        Assert.Equal(PolicyOutcome.Deny, bundle.Evaluate(request with { Server = "shop" }).Outcome);
        Assert.Equal(PolicyOutcome.Deny, bundle.Evaluate(request with { Principal = Evidence.SpiffeId.Parse("spiffe://example.org/agent/other") }).Outcome);
    }

    [Fact]
    public void Capture_rules_say_how_input_and_content_are_kept()
    {
        var bundle = Bundle.Load(Payments, manifest: """
            {"name":"test","version":"1",
             "arguments":[{"action":"tool.call","members":{"amount":"decimal"}}],
             "credentials":{},
             "capture":[{"server":"bank","name":"trans*","input":"full","content":"redacted"},{"input":"none"}]}
            """);

        var transfer = bundle.Evaluate(Bundle.Request());
        var other = bundle.Evaluate(Bundle.Request(server: "shop"));

        Assert.Equal((ContentHandling.Full, (ContentHandling?)ContentHandling.Redacted), (transfer.KeepInput, transfer.KeepContent));
        Assert.Equal((ContentHandling.None, (ContentHandling?)null), (other.KeepInput, other.KeepContent));
    }

    [Fact]
    public void Action_that_the_schema_does_not_have_is_a_denial_with_an_error()
    {
        var decided = Bundle.Load("""@id("yes") permit (principal, action, resource);""").Evaluate(Bundle.Request() with { ActionType = "http.request" });

        Assert.Equal(PolicyOutcome.Deny, decided.Outcome);
        Assert.Equal(["the bundle's schema has no action http.request"], decided.Errors);
    }
}
