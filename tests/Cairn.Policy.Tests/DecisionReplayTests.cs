using Cairn.Policy.Checking;
using Cairn.Policy.Engine;
using Cairn.Policy.Evaluation;

namespace Cairn.Policy.Tests;

/// <summary>Recorded decisions against what their input, bundle and engine give.</summary>
public sealed class DecisionReplayTests
{
    private const string Policies = """@id("transfers") @reason("transfers are permitted") permit (principal, action, resource == Tool::"bank/transfer");""";

    [Fact]
    public void Decision_that_is_as_recorded_differs_in_nothing()
    {
        var replayed = Replay(Recorded());
        Assert.Null(replayed.WhyNot);
        Assert.Empty(replayed.Differences);
    }

    [Fact]
    public void Decision_that_was_recorded_otherwise_is_told_member_by_member()
    {
        var replayed = Replay(Recorded("steal") with { Outcome = PolicyOutcome.Allow, Determining = ["transfers"], Reason = "transfers are permitted" });

        Assert.Equal(
            [new DecisionDifference("decision", "allow", "deny"), new DecisionDifference("determining", "transfers", ""), new DecisionDifference("reason", "transfers are permitted", "no policy permits it")],
            replayed.Differences);
    }

    [Fact]
    public void Decision_whose_version_is_not_the_bundles_differs() =>
        Assert.Equal([new DecisionDifference("version", "2", "1")], Replay(Recorded() with { Version = "2" }).Differences);

    [Fact]
    public void Decision_without_its_bundle_is_not_recomputed_and_says_so()
    {
        var replayed = Replay(Recorded() with { Bundle = $"sha256:{new string('a', 64)}" });
        Assert.Equal($"the bundle sha256:{new string('a', 64)} is not there", replayed.WhyNot);
        Assert.Empty(replayed.Differences);
    }

    [Theory]
    [InlineData("")]
    [InlineData("sha256:xyz")]
    public void Decision_that_names_no_bundle_is_not_recomputed(string bundle) => Assert.NotNull(Replay(Recorded() with { Bundle = bundle }).WhyNot);

    [Fact]
    public void Decision_without_its_input_is_not_recomputed_and_says_why() =>
        Assert.Equal("the input was not kept", Replay(Recorded() with { Input = null, WhyNoInput = "the input was not kept" }).WhyNot);

    [Fact]
    public void Decision_of_another_engine_is_not_recomputed_even_where_the_outcome_would_differ()
    {
        var replayed = Replay(Recorded() with { Outcome = PolicyOutcome.Deny, Engine = "cedar 3.0.0", EngineDigest = $"sha256:{new string('b', 64)}" });
        Assert.StartsWith("it was decided by cedar 3.0.0 (sha256:bbbbbbbbbbbb…), and this program has cedar ", replayed.WhyNot, StringComparison.Ordinal);
        Assert.Empty(replayed.Differences);
    }

    [Fact]
    public void Long_lists_are_compared_as_a_record_holds_them()
    {
        var texts = Enumerable.Range(0, 40).Select(i => $"e{i}").ToList();
        Assert.Equal([.. texts.Take(32), "… and 8 more"], RecordedTexts.Listed(texts, text => text));
        Assert.Equal(texts.Take(32), RecordedTexts.Listed([.. texts.Take(32)], text => text));
    }

    private static RecordedDecision Recorded(string tool = "transfer")
    {
        var bundle = Bundle.Load(Policies);
        var input = DecisionInput.Write(Bundle.Request(tool), bundle.Manifest);
        var evaluation = PolicyEvaluator.Recompute(bundle, CedarModule.Shared, input);
        return new RecordedDecision("r", evaluation.Outcome, input, null)
        {
            Bundle = $"sha256:{bundle.Digest}",
            Version = bundle.Manifest.Version,
            Engine = "cedar",
            EngineDigest = $"sha256:{CedarModule.Shared.Identity.Digest}",
            Determining = evaluation.Determining,
            Errors = evaluation.Errors,
            Obligations = evaluation.Obligations,
            Reason = evaluation.Reason,
        };
    }

    private static ReplayedDecision Replay(RecordedDecision recorded)
    {
        var files = Bundle.Files(Policies);
        using var replay = new DecisionReplay(CedarModule.Shared, digest => digest == files.Digest ? files : null, text => text);
        return replay.Replay(recorded);
    }
}
