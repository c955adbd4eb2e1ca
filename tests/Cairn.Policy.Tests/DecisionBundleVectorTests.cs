using System.Text.Json;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;
using Cairn.Policy.Checking;

namespace Cairn.Policy.Tests;

/// <summary>docs/spec/vectors/decisions: bundles with decisions, made by a generator that evaluates no policy and shares no code with this one.</summary>
public sealed class DecisionBundleVectorTests
{
    private static readonly string Folder = Path.Combine(SampleTests.Folder(), "..", "..", "docs", "spec", "vectors", "decisions");
    private static readonly JsonElement[] Cases = [.. JsonElement.Parse(File.ReadAllBytes(Path.Combine(Folder, "expected.json"))).GetProperty("cases").EnumerateArray()];

    public static TheoryData<string> Bundles => [.. Cases.Select(one => one.GetProperty("bundle").GetString()!)];

    [Theory]
    [MemberData(nameof(Bundles))]
    public void Decisions_of_a_bundle_come_out_as_the_vectors_say(string bundle)
    {
        var expected = Cases.Single(one => one.GetProperty("bundle").GetString() == bundle);
        using var engine = new DecisionEngine();

        var report = Verify(bundle, new VerifyOptions { Decisions = engine });

        var written = JsonElement.Parse(VerificationJson.Encode(report));
        var codes = ((Verdict[])[report.Integrity, report.Completeness, report.Corroboration]).SelectMany(verdict => verdict.Failures.Select(failure => failure.Code));
        Assert.Equal(expected.GetProperty("codes").EnumerateArray().Select(code => code.GetString()), codes.Distinct().Order(StringComparer.Ordinal));
        foreach (var member in (string[])["verified", "decisions"])
        {
            Assert.True(JsonElement.DeepEquals(expected.GetProperty(member), written.GetProperty(member)), $"{member}: {written.GetProperty(member)}");
        }

        foreach (var verdict in (string[])["integrity", "completeness", "corroboration"])
        {
            Assert.Equal(expected.GetProperty(verdict).GetString(), written.GetProperty(verdict).GetProperty("state").GetString());
        }
    }

    [Fact]
    public void Every_bundle_of_the_vectors_is_in_a_case() =>
        Assert.Equal(Directory.EnumerateFiles(Folder, "*.zip").Select(Path.GetFileName).Order(StringComparer.Ordinal), Bundles.Select(row => row.Data).Order(StringComparer.Ordinal));

    [Fact]
    public void Verifier_without_an_engine_knows_none_and_says_so()
    {
        var report = Verify("good.zip", new VerifyOptions());

        Assert.True(report.Verified);
        Assert.Equal([("engine-unknown", 8L)], report.Decisions.NotRecomputed.Select(one => (one.Reason, one.Count)));
        var limit = Assert.Single(report.Corroboration.Limits, limit => limit.Code == "decisions-not-recomputed");
        Assert.Equal("that 8 of 8 policy decisions follow from their inputs: 8 by an engine that this verifier does not know", limit.DoesNotProve);
    }

    [Fact]
    public void Difference_names_what_was_recorded_and_what_follows()
    {
        using var engine = new DecisionEngine();

        var failure = Assert.Single(Verify("allowed-what-is-forbidden.zip", new VerifyOptions { Decisions = engine }).Corroboration.Failures);

        Assert.Equal(("decision-differs", "record", "decision deny", "decision allow"), (failure.Code, failure.Subject.Kind, failure.Expected, failure.Found));
    }

    [Fact]
    public void Policy_bundles_are_told_of_when_they_are_those_that_their_digests_name()
    {
        var told = new List<string>();

        Verify("policy-swapped.zip", new VerifyOptions { Policy = (digest, bytes) => told.Add($"{digest} {Cairn.Evidence.Digest.Sha256(bytes.Span)}") });

        Assert.All(told, one => Assert.Equal(one[..64], one[65..]));
        Assert.Single(told);
    }

    private static VerificationReport Verify(string bundle, VerifyOptions options) => BundleVerifier.Verify(
        new MemoryStream(File.ReadAllBytes(Path.Combine(Folder, bundle))), TrustPolicy.Parse(File.ReadAllBytes(Path.Combine(Folder, "trust.policy"))), options);
}
