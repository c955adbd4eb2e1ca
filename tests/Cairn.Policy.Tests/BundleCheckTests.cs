using Cairn.Policy.Bundles;
using Cairn.Policy.Engine;
using Cairn.Policy.Evaluation;

namespace Cairn.Policy.Tests;

public sealed class BundleCheckTests
{
    private const string Fine = """@id("a") permit (principal, action, resource);""";

    [Theory]
    [InlineData("""permit (principal, action, resource);""", "policies.cedar:1: expected an annotation @id")]
    [InlineData("\n\n@id(\"a b\") permit (principal, action, resource);", "policies.cedar:3: expected an @id of 1 to 128 printable ASCII characters")]
    [InlineData("@id(\"a\") permit (principal, action, resource);\n@id(\"a\") forbid (principal, action, resource);", "policies.cedar:2: the id \"a\" is taken by policies.cedar:1")]
    [InlineData("""@id("a") @aproval("x") permit (principal, action, resource);""", "unknown annotation @aproval")]
    [InlineData("""@id("a") @approval("x") forbid (principal, action, resource);""", "@approval stands on a forbid")]
    [InlineData("""@id("a") @approval(" , ") permit (principal, action, resource);""", "@approval names nobody")]
    [InlineData("""@id("a") @approval_timeout("5m") permit (principal, action, resource);""", "beside an @approval")]
    [InlineData("""@id("a") @credential("gold") permit (principal, action, resource);""", "names no member of credentials")]
    [InlineData("""@id("a") permit (principal == ?principal, action, resource);""", "expected a static policy, got a template")]
    [InlineData("// é\n@id(\"a\") permit (principal, action, resource) when { principal.nope == 1 };", "policies.cedar:2:54: for policy `a`, attribute `nope`")]
    [InlineData("@id(\"a\") permit (principal, action == Action::\"tool.cal\", resource);", "unrecognized action `Action::\"tool.cal\"` (did you mean `Action::\"tool.call\"`?)")]
    [InlineData("@id(\"a\")\npermit (principal, action, resource) when { ; };", "policies.cedar:2:45: failed to parse policy from string: unexpected token `;`")]
    public void Wrong_policy_is_refused_with_file_line_and_reason(string policies, string problem) =>
        Assert.Contains(Bundle.Problems(policies), p => p.Contains(problem, StringComparison.Ordinal));

    [Theory]
    [InlineData("""{"name":"x","version":"1","polices":[]}""", "bundle.json: /polices: unknown name")]
    [InlineData("""{"name":"x","name":"y","version":"1"}""", "Duplicate property 'name'")]
    [InlineData("""{"name":"x"}""", "bundle.json: expected the member version, found none")]
    [InlineData("""{"name":"","version":"1"}""", "/name: expected 1 to 64 printable")]
    [InlineData("""{"name":"x","version":1}""", "/version: expected a text, found a number")]
    [InlineData("""{"name":"x","version":"1","mode":"audit"}""", "/mode: expected enforce, shadow, found \"audit\"")]
    [InlineData("""{"name":"x","version":"1","engine":{"name":"rego"}}""", "/engine/name: expected cedar, found \"rego\"")]
    [InlineData("""{"name":"x","version":"1","engine":{"version":"3"}}""", "the bundle is for Cedar 3, this is 4.13.0")]
    [InlineData("""{"name":"x","version":"1","capture":[{"action":"tool.call"}]}""", "/capture/0: expected input or content")]
    [InlineData("""{"name":"x","version":"1","capture":[{"input":"all"}]}""", "/capture/0/input: expected none, redacted, full")]
    [InlineData("""{"name":"x","version":"1","arguments":[{"members":{"a":"float"}}]}""", "/arguments/0/members/a: expected text, integer")]
    [InlineData("""{"name":"x","version":"1","credentials":{"c":{"audience":"a","scope":["s"],"ttl":"0s"}}}""", "/credentials/c/ttl: expected a duration")]
    [InlineData("""{"name":"x","version":"1","credentials":{"c":{"scope":"s","ttl":"1s"}}}""", "/credentials/c: expected the member audience")]
    [InlineData("""[]""", "bundle.json: expected an object, found an array")]
    [InlineData("""{"name":""", "bundle.json:1:")]
    public void Wrong_manifest_is_refused_with_the_member(string manifest, string problem) =>
        Assert.Contains(Bundle.Problems(Fine, manifest), p => p.Contains(problem, StringComparison.Ordinal));

    [Theory]
    [InlineData("""[{"uid":{"type":"Nobody","id":"x"},"attrs":{},"parents":[]}]""", "has type `Nobody` which is not declared in the schema")]
    [InlineData("""[{"uid":{"type":"Team","id":"x"},"attrs":{},"parents":[]},{"uid":{"type":"Team","id":"x"},"attrs":{},"parents":[]}]""", "/1: Team::\"x\" is there already")]
    [InlineData("""[{"uid":{"type":"Agent","id":"spiffe://a/b"},"attrs":{"owner":"me"},"parents":[]}]""", "owner of an Agent comes with each request")]
    [InlineData("""[{"uid":"x"}]""", "/0: expected uid, an object with type and id")]
    [InlineData("""[{"uid":{"type":"Team","id":"x"},"parent":[]}]""", "/0/parent: unknown name")]
    [InlineData("""{}""", "entities.json: expected an array")]
    public void Wrong_entities_are_refused_with_the_place(string entities, string problem) =>
        Assert.Contains(Bundle.Problems(Fine, entities: entities), p => p.Contains(problem, StringComparison.Ordinal));

    [Fact]
    public void Schema_that_lacks_what_requests_have_is_refused_when_the_bundle_is_checked() =>
        Assert.Contains(
            Bundle.Problems(Fine, """{"name":"x","version":"1"}""", schema: """
                entity Agent = { trust_domain: String, path: String, owner: String, authenticated: String };
                entity Server; entity Tool in [Server];
                action "tool.call" appliesTo { principal: [Agent], resource: [Tool], context: { name: String } };
                """),
            p => p.StartsWith("schema.cedarschema: action \"tool.call\" does not fit what requests have", StringComparison.Ordinal));

    [Fact]
    public void Schema_with_a_syntax_error_names_the_line() =>
        Assert.Contains(Bundle.Problems(Fine, schema: "entity Agent;\nentity Tool in [;\n"), p => p.StartsWith("schema.cedarschema:2:17: ", StringComparison.Ordinal));

    [Fact]
    public void All_problems_are_shown_at_once_in_the_order_of_the_files()
    {
        var problems = Bundle.Problems(
            "@id(\"a\") permit (principal, action, resource) when { principal.x == 1 };\npermit (principal, action, resource);",
            """{"name":"x","version":"1","nope":1}""");

        Assert.Equal(["bundle.json", "policies.cedar"], problems.Select(p => p.Split(':')[0]).Distinct());
        Assert.True(problems.Count >= 2);
    }

    [Fact]
    public void Semicolon_and_comment_signs_in_strings_end_no_policy()
    {
        var bundle = Bundle.Load("""
            // a comment; with a semicolon and a "quote
            @id("a") @reason("slashes // and; \" quotes")
            permit (principal, action, resource) when { context.name != ";//" };
            @id("b") forbid (principal, action, resource) when { context.name == "\\" };
            """);

        Assert.Equal([("a", 2), ("b", 4)], bundle.Policies.Select(p => (p.Id, p.Line)));
    }

    [Fact]
    public void Policy_that_can_never_apply_is_a_warning_and_not_an_error()
    {
        var bundle = Bundle.Load("""@id("a") permit (principal is Team, action, resource);""");

        Assert.All(bundle.Warnings, w => Assert.True(w.IsWarning));
        Assert.NotEmpty(bundle.Warnings);
    }

    [Theory]
    [InlineData(2_000)]
    [InlineData(200_000)]
    public void Policy_nested_beyond_all_sense_is_refused_and_ends_nothing(int depth)
    {
        var policy = $"@id(\"deep\") permit (principal, action, resource) when {{ {new string('(', depth)}true{new string(')', depth)} }};";

        Assert.NotEmpty(Bundle.Problems(policy + "\n" + Fine));
        Assert.Equal(PolicyOutcome.Allow, Bundle.Load(Fine).Evaluate(Bundle.Request()).Outcome);
    }

    [Fact]
    public void Policy_that_costs_more_than_the_budget_denies_with_an_error_and_the_next_decision_is_made()
    {
        // 300 policies that each compare two sets: cheap while the sets are empty.
        var bundle = Bundle.Load(string.Join('\n', Enumerable.Range(0, 300).Select(i =>
            $"@id(\"slow{i}\") permit (principal, action, resource) when {{ context.scopes.containsAll(context.delegation.chain) }};")));
        var many = Enumerable.Range(0, 3000).Select(i => $"spiffe://example.org/{i}").ToList();

        using var evaluator = new PolicyEvaluator(bundle, CedarModule.Shared, instances: 1, decisionFuel: 30_000_000);
        var slow = evaluator.Evaluate(DecisionInput.Write(Bundle.Request() with { DelegationChain = many, Scopes = many }, bundle.Manifest));
        var next = evaluator.Evaluate(DecisionInput.Write(Bundle.Request(), bundle.Manifest));

        Assert.Equal(PolicyOutcome.Deny, slow.Outcome);
        Assert.Equal(["the policy engine failed: the evaluation used up its budget of work"], slow.Errors);
        Assert.Equal(PolicyOutcome.Allow, next.Outcome);
        Assert.Equal(2, evaluator.InstancesMade);
    }
}
