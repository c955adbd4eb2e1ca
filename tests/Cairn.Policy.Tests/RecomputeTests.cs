using System.Diagnostics;
using System.Text;
using Cairn.Policy.Bundles;
using Cairn.Policy.Engine;
using Cairn.Policy.Evaluation;
using CsCheck;

namespace Cairn.Policy.Tests;

public sealed class RecomputeTests
{
    private const string Policies = """
        @id("small") permit (principal, action == Action::"tool.call", resource in Server::"bank") when { context.arguments has amount && context.arguments.amount.lessThan(decimal("100.0")) };
        @id("deep") @approval("group:a") permit (principal, action, resource) when { context.delegation.depth > 1 };
        @id("mine") @credential("shop") permit (principal == Agent::"spiffe://example.org/agent/billing", action, resource == Tool::"shop/buy");
        @id("team") permit (principal in Team::"finance", action in [Action::"process.exec"], resource);
        @id("group") permit (principal, action, resource in ToolGroup::"safe");
        @id("night") @reason("nobody watches at night") forbid (principal, action, resource) when { context.time.toTime() < duration("6h") };
        @id("odd") forbid (principal, action == Action::"tool.call", resource == Tool::"bank/odd") when { context.delegation.depth * 9223372036854775807 < 5 };
        @id("acts") forbid (principal, action in Action::"anything", resource in Server::"shop") when { principal.path like "*ops" && context.approved };
        @id("other") forbid (principal == Agent::"spiffe://example.org/agent/banned", action, resource);
        @id("look") permit (principal, action == Action::"tool.call", resource) when { context.name == "look" && context.delegation.depth * 4611686018427387904 > 5 };
        @id("buy") permit (principal, action, resource) when { context.name == "buy" } when { context.delegation.depth * 4611686018427387904 < 5 };
        @id("notodd") forbid (principal, action, resource) when { context.delegation.depth * 3074457345618258603 < 0 && context.name == "odd" };
        @id("never") forbid (principal, action, resource) unless { context.name == "transfer" || context.delegation.depth < 3 };
        """;

    private static readonly string WithoutTime = string.Join('\n', Policies.Split('\n').Where(line => !line.Contains("@id(\"night\")", StringComparison.Ordinal)));

    private const string Entities = """
        [{"uid":{"type":"Agent","id":"spiffe://example.org/agent/ops"},"attrs":{},"parents":[{"type":"Team","id":"finance"}]},
         {"uid":{"type":"Tool","id":"shop/look"},"attrs":{},"parents":[{"type":"ToolGroup","id":"safe"}]}]
        """;

    private static readonly Gen<AuthorizationRequest> Requests = Gen.Select(
        OneOf("billing", "ops", "banned"), OneOf("bank", "shop", ""), OneOf("transfer", "odd", "buy", "look"),
        OneOf("tool.call", "process.exec", "http.request"), Gen.Int[0, 3], Gen.Int[0, 23],
        OneOf("""{"amount": 5}""", """{"amount": "99.9999"}""", """{"amount": 100}""", """{"amount": "x"}""", "{}", "["), Gen.Bool)
        .Select((agent, server, tool, action, depth, hour, arguments, approved) => Bundle.Request(tool, server, arguments) with
        {
            Principal = Evidence.SpiffeId.Parse($"spiffe://example.org/agent/{agent}"),
            ActionType = action,
            DelegationChain = [.. Enumerable.Range(0, depth).Select(i => $"user:{i}")],
            Depth = depth,
            Time = new DateTimeOffset(2026, 1, 1, hour, 0, 0, TimeSpan.Zero),
            Approved = approved,
        });

    [Fact]
    public void Law_recomputing_recorded_input_gives_the_decision_again()
    {
        var bundle = Bundle.Load(Policies, entities: Entities);
        using var first = new PolicyEvaluator(bundle, CedarModule.Shared, instances: 2);
        using var second = new PolicyEvaluator(PolicyBundle.Load(BundleFiles.Unseal(bundle.Files.Seal()), CedarModule.Shared), CedarModule.Shared, instances: 1);

        Requests.Sample(
            request =>
            {
                var input = DecisionInput.Write(request, bundle.Manifest);
                return first.Evaluate(input).DecidesAs(second.Evaluate(input));
            },
            iter: 3_000);
    }

    [Fact]
    public void Law_leaving_out_what_cannot_matter_changes_no_decision()
    {
        var bundle = Bundle.Load(Policies, entities: Entities);
        using var sliced = new PolicyEvaluator(bundle, CedarModule.Shared, instances: 2);
        using var whole = new PolicyEvaluator(bundle, CedarModule.Shared, instances: 2);

        Requests.Sample(
            request =>
            {
                var input = DecisionInput.Write(request, bundle.Manifest);
                return sliced.Evaluate(input).DecidesAs(whole.EvaluateWhole(input));
            },
            iter: 3_000);
    }

    /// <summary>Without the time, so that answers are kept; asked twice, so that the second is a kept one.</summary>
    [Fact]
    public void Law_answer_given_before_is_the_answer_of_the_engine()
    {
        var bundle = Bundle.Load(WithoutTime, entities: Entities);
        Assert.False(bundle.Needs.Reads("time"));
        using var knowing = new PolicyEvaluator(bundle, CedarModule.Shared, instances: 2);
        using var whole = new PolicyEvaluator(bundle, CedarModule.Shared, instances: 2);

        Requests.Sample(
            request =>
            {
                var input = DecisionInput.Write(request, bundle.Manifest);
                var engines = whole.EvaluateWhole(input);
                return knowing.Evaluate(input).DecidesAs(engines) && knowing.Evaluate(input).DecidesAs(engines);
            },
            iter: 1_500);
    }

    [Fact]
    public void Answer_given_before_is_judged_by_the_request_at_hand()
    {
        var bundle = Bundle.Load("""@id("ask") @approval("group:a") permit (principal, action, resource);""");
        using var evaluator = new PolicyEvaluator(bundle, CedarModule.Shared, instances: 1);

        PolicyOutcome Decide(bool approved) =>
            evaluator.Evaluate(DecisionInput.Write(Bundle.Request() with { Approved = approved }, bundle.Manifest)).Outcome;

        Assert.Equal(
            [PolicyOutcome.NeedsApproval, PolicyOutcome.Allow, PolicyOutcome.NeedsApproval],
            [Decide(approved: false), Decide(approved: true), Decide(approved: false)]);
    }

    /// <summary>The budget suffices for nothing: whatever is answered has not come from the engine anew.</summary>
    [Fact]
    public void Call_that_used_up_its_budget_leaves_no_answer_behind()
    {
        var bundle = Bundle.Load("""@id("all") permit (principal, action, resource);""");
        using var evaluator = new PolicyEvaluator(bundle, CedarModule.Shared, instances: 1, decisionFuel: 1_000);
        var input = DecisionInput.Write(Bundle.Request(), bundle.Manifest);

        Assert.All([evaluator.Evaluate(input), evaluator.Evaluate(input)], decided => Assert.StartsWith("the policy engine failed", Assert.Single(decided.Errors), StringComparison.Ordinal));
        Assert.Equal(2, evaluator.InstancesMade);
    }

    [Theory]
    [InlineData("""when { context.name == "a" && context.approved }""", "a")]
    [InlineData("""when { context.name == "a" && context.approved && context.uri == "b" }""", "a")]
    [InlineData("""when { context.name == "a" } unless { context.approved }""", "a")]
    [InlineData("""when { context.approved && context.name == "a" }""", null)]
    [InlineData("""when { context.name == "a" || context.approved }""", null)]
    [InlineData("""when { context.server == "a" }""", null)]
    [InlineData("""when { context.name != "a" }""", null)]
    [InlineData("""unless { context.name == "a" }""", null)]
    [InlineData("", null)]
    public void Name_that_a_policy_asks_for_first_is_part_of_its_scope(string conditions, string? name)
    {
        var bundle = Bundle.Load($"@id(\"p\") permit (principal, action, resource) {conditions};");

        Assert.Equal(name, Assert.Single(bundle.Policies).Scope.Name);
    }

    /// <summary>The program is started anew for it: nothing of this process can be in the answer.</summary>
    [Fact]
    public async Task Recomputing_in_another_process_gives_the_decision_again()
    {
        var bundle = Bundle.Load(Policies, entities: Entities);
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder["bundle.cairn-policy"], bundle.Files.Seal().ToArray(), TestContext.Current.CancellationToken);
        var input = DecisionInput.Write(Bundle.Request(arguments: """{"amount": "12.50"}"""), bundle.Manifest);
        await File.WriteAllBytesAsync(folder["input.json"], input, TestContext.Current.CancellationToken);
        var here = PolicyEvaluator.Recompute(bundle, CedarModule.Shared, input);

        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, UseShellExecute = false };
        start.ArgumentList.Add(RecomputeProcess.Word);
        start.ArgumentList.Add(folder["bundle.cairn-policy"]);
        start.ArgumentList.Add(folder["input.json"]);
        using var process = Process.Start(start)!;
        var there = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(0, process.ExitCode);
        Assert.Equal(RecomputeProcess.Describe(here), there.Trim());
    }

    [Fact]
    public void Engine_is_named_by_version_and_by_the_digest_of_its_code()
    {
        var engine = CedarModule.Shared.Identity;

        Assert.Equal(("cedar", "4.13.0"), (engine.Name, engine.Version));
        // sha256sum of esm/cedar_wasm_bg.wasm in the package that package-lock.json names.
        Assert.Equal("9ed10461f45bceabbe2c364330500378b71f641b28f7c2a1f6e033c9be2f1d9a", engine.Digest.ToString());
        Assert.True(CedarModule.Shared.IsPrecompiled);
    }

    [Fact]
    public void Attribute_that_policies_read_by_any_way_is_sent_and_others_are_not()
    {
        var bundle = Bundle.Load("""
            @id("a") permit (principal, action, resource) when { context has delegation.giver && context.delegation.giver like "user:*" };
            @id("b") permit (principal, action, resource) when { [context.uri, "x"].contains("x") || (if context has writes then true else principal.owner == "") };
            """);

        Assert.All(["delegation", "giver", "uri", "writes", "owner"], name => Assert.True(bundle.Needs.Reads(name), name));
        Assert.All(["time", "scopes", "approved", "path"], name => Assert.False(bundle.Needs.Reads(name), name));
        Assert.True(Bundle.Load("""@id("c") permit (principal, action, resource) when { [context].contains(context) };""").Needs.Reads("time"));
    }

    private static Gen<string> OneOf(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
