using System.Text;
using Cairn.Policy.Bundles;
using Cairn.Policy.Engine;
using Cairn.Policy.Evaluation;
using CsCheck;

namespace Cairn.Policy.Tests;

public sealed class HostileInputTests
{
    private static readonly PolicyBundle Everything = Bundle.Load("""
        @id("all") permit (principal, action, resource);
        @id("path") forbid (principal, action == Action::"tool.call", resource) when { context.arguments has path && context.arguments.path like "/etc/*" };
        """);

    [Theory]
    [InlineData("""{"path": 5}""", "argument path: expected a text, found number")]
    [InlineData("""{"path": {"__entity": {"type": "Team", "id": "admins"}}}""", "argument path: expected a text, found object")]
    [InlineData("""{"amount": "12,5"}""", "argument amount: expected a number")]
    [InlineData("""{"amount": 0.00001}""", "argument amount: expected a number")]
    [InlineData("""{"amount": "1.00000000000000000000000000000001"}""", "argument amount: expected a number")]
    [InlineData("""{"amount": 1e3}""", "argument amount: expected a number")]
    [InlineData("""{"amount": 99999999999999999}""", "argument amount: expected a number")]
    [InlineData("""{"amount": true}""", "argument amount: expected a number, found true")]
    [InlineData("""{"count": 1.5}""", "argument count: expected a whole number")]
    [InlineData("""{"count": 9007199254740993}""", "argument count: expected a whole number")]
    [InlineData("""{"count": -9223372036854775808}""", "argument count: expected a whole number")]
    [InlineData("""{"tags": ["a", 1]}""", "argument tags: expected an array of texts")]
    [InlineData("""{"force": "yes"}""", "argument force: expected true or false, found string")]
    [InlineData("""{"path": "/tmp", "path": "/etc/shadow"}""", "the arguments are not JSON without duplicate names")]
    [InlineData("""{"path": "/tmp", "p\u0061th": "/etc/shadow"}""", "the arguments are not JSON without duplicate names")]
    [InlineData("""["/etc/shadow"]""", "the arguments are not a JSON object")]
    [InlineData("""{"path": "/tmp" """, "the arguments are not JSON")]
    [InlineData("""not json""", "the arguments are not JSON")]
    public void Arguments_that_are_not_what_the_bundle_asks_for_deny_and_say_why(string arguments, string error)
    {
        var decided = Everything.Evaluate(Bundle.Request(arguments: arguments));

        Assert.Equal(PolicyOutcome.Deny, decided.Outcome);
        Assert.StartsWith(error, Assert.Single(decided.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Arguments_with_invalid_utf8_deny()
    {
        var bytes = "{\"path\": \"/tmp/_\"}"u8.ToArray();
        bytes[15] = 0xff;

        Assert.Equal(PolicyOutcome.Deny, Everything.Evaluate(Bundle.Request() with { Arguments = bytes }).Outcome);
    }

    [Fact]
    public void Arguments_nested_beyond_all_sense_deny()
    {
        var deep = "{\"path\": " + new string('[', 5000) + new string(']', 5000) + "}";

        Assert.Equal(PolicyOutcome.Deny, Everything.Evaluate(Bundle.Request(arguments: deep)).Outcome);
    }

    [Fact]
    public void Arguments_that_are_huge_deny_only_where_the_policy_asks_for_the_huge_one()
    {
        var text = new string('x', 200_000);

        Assert.Equal(PolicyOutcome.Deny, Everything.Evaluate(Bundle.Request(arguments: $$"""{"path": "{{text}}"}""")).Outcome);
        Assert.Equal(PolicyOutcome.Allow, Everything.Evaluate(Bundle.Request(arguments: $$"""{"path": "/tmp/x", "content": "{{text}}"}""")).Outcome);
    }

    [Fact]
    public void Arguments_that_nobody_asks_for_are_not_in_the_input()
    {
        var input = Encoding.UTF8.GetString(DecisionInput.Write(Bundle.Request(arguments: """{"password": "hunter2", "path": "/x"}"""), Everything.Manifest));

        Assert.DoesNotContain("hunter2", input, StringComparison.Ordinal);
        Assert.Contains("\"asked\":[\"amount\",\"count\",\"force\",\"path\",\"tags\"]", input, StringComparison.Ordinal);
        Assert.Contains("\"arguments\":{\"path\":\"/x\"}", input, StringComparison.Ordinal);
    }

    [Fact]
    public void Entity_written_into_a_json_argument_is_refused()
    {
        var bundle = Bundle.Load(
            """@id("all") permit (principal, action, resource);""",
            """{"name":"x","version":"1","arguments":[{"action":"tool.call","members":{"path":"json"}}]}""");

        var decided = bundle.Evaluate(Bundle.Request(arguments: """{"path": {"__extn": {"fn": "ip", "arg": "10.0.0.1"}}}"""));

        Assert.Equal(PolicyOutcome.Deny, decided.Outcome);
        Assert.Equal(["argument path: names that begin with __ are reserved"], decided.Errors);
    }

    [Fact]
    public void Value_of_an_argument_never_stands_in_an_error()
    {
        var bundle = Bundle.Load("""
            @id("all") permit (principal, action, resource);
            @id("sum") permit (principal, action == Action::"tool.call", resource) when { context.arguments has count && context.arguments.count * 9223372036854775807 > 1 };
            """);

        var decided = bundle.Evaluate(Bundle.Request(arguments: """{"count": 424242}"""));

        Assert.DoesNotContain("424242", string.Join(" ", decided.Errors), StringComparison.Ordinal);
        Assert.Single(decided.Errors);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"v":2}""")]
    [InlineData("""{"v":1,"principal":{"id":5}}""")]
    [InlineData("""{"v":1,"v":1}""")]
    public void Input_document_that_is_none_denies_with_an_error(string input)
    {
        var decided = PolicyEvaluator.Recompute(Everything, CedarModule.Shared, Encoding.UTF8.GetBytes(input));

        Assert.Equal(PolicyOutcome.Deny, decided.Outcome);
        Assert.Equal("the input is no decision's input document (docs/spec/policy-bundle.md §5)", Assert.Single(decided.Errors));
    }

    [Fact]
    public void Law_no_text_anywhere_in_a_request_ends_the_evaluation()
    {
        using var evaluator = new PolicyEvaluator(Everything, CedarModule.Shared, instances: 2);
        Gen.Select(Gen.String[0, 40], Gen.String[0, 40], Gen.String[0, 40], Gen.String[0, 20].List[0, 5], Gen.String[0, 60]).Sample(
            (name, server, owner, chain, path) =>
            {
                var request = Bundle.Request(name, server) with
                {
                    Owner = owner,
                    Resource = path,
                    DelegationChain = chain,
                    Scopes = chain,
                    Arguments = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new { path }),
                };
                var input = DecisionInput.Write(request, Everything.Manifest);
                var decided = evaluator.Evaluate(input);
                var expected = path.StartsWith("/etc/", StringComparison.Ordinal) ? PolicyOutcome.Deny : PolicyOutcome.Allow;
                return decided.Errors.Count == 0 && decided.Outcome == expected && evaluator.Evaluate(input).DecidesAs(decided);
            },
            iter: 2_000);
    }

    [Fact]
    public void Law_arbitrary_bytes_as_arguments_never_throw_and_never_skip_the_policy()
    {
        using var evaluator = new PolicyEvaluator(Everything, CedarModule.Shared, instances: 2);
        Gen.Byte.Array[0, 60].Sample(
            bytes =>
            {
                var decided = evaluator.Evaluate(DecisionInput.Write(Bundle.Request() with { Arguments = bytes }, Everything.Manifest));
                return decided.Outcome == PolicyOutcome.Deny ? decided.Errors.Count == 1 : decided.Determining.Contains("all");
            },
            iter: 2_000);
    }
}
