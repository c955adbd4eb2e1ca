using System.Text.Json;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;

namespace Cairn.Evidence.Tests.Verification;

/// <summary>docs/spec/vectors/bundles, made by an implementation that shares no code with this one.</summary>
public sealed class BundleVectorTests
{
    private const string Folder = "vectors/bundles";

    private static readonly JsonElement[] Cases = [.. SpecFiles.Json($"{Folder}/expected.json").GetProperty("cases").EnumerateArray()];

    public static TheoryData<int> Indexes => [.. Enumerable.Range(0, Cases.Length)];

    [Theory]
    [MemberData(nameof(Indexes))]
    public void Bundle_has_the_verdicts_and_codes_that_the_specification_s_vectors_name(int index)
    {
        var expected = Cases[index];
        var policy = expected.GetProperty("policy").GetString() is { } name ? TrustPolicy.Parse(SpecFiles.Bytes($"{Folder}/{name}")) : null;

        var report = BundleVerifier.Verify(new MemoryStream(SpecFiles.Bytes($"{Folder}/{expected.Text("bundle")}")), policy);

        var found = (
            report.Verified, State(report.Integrity), State(report.Completeness), State(report.Corroboration),
            Codes([.. report.Integrity.Failures, .. report.Completeness.Failures, .. report.Corroboration.Failures]), Codes(report.Warnings));
        Assert.Equal(
            (expected.GetProperty("verified").GetBoolean(), expected.Text("integrity"), expected.Text("completeness"), expected.Text("corroboration"),
                Listed(expected, "codes"), Listed(expected, "warnings")),
            found);
    }

    [Fact]
    public void Every_bundle_of_the_vectors_is_in_a_case()
    {
        var files = Directory.EnumerateFiles(Path.Combine(SpecFiles.Root, Folder), "*.zip").Select(Path.GetFileName).Order(StringComparer.Ordinal);

        Assert.Equal(files, Cases.Select(one => one.Text("bundle")).Distinct().Order(StringComparer.Ordinal));
    }

    private static string State(Verdict verdict) => verdict.State.ToString().ToLowerInvariant();

    private static string Codes(IReadOnlyList<VerificationFailure> failures) =>
        string.Join(' ', failures.Select(failure => failure.Code).Distinct().Order(StringComparer.Ordinal));

    private static string Listed(JsonElement expected, string member) =>
        string.Join(' ', expected.GetProperty(member).EnumerateArray().Select(code => code.GetString()));
}
