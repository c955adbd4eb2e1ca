using System.Text;
using System.Text.Json;
using Cairn.Policy.Bundles;
using Cairn.Policy.Checking;
using Cairn.Policy.Engine;
using Cairn.Policy.Evaluation;

namespace Cairn.Policy.Tests;

/// <summary>The vectors of docs/spec/policy-bundle.md, made from that page by a JavaScript program that shares no code with this one.</summary>
public sealed class VectorTests
{
    private static readonly string Folder = Path.Combine(SampleTests.Folder(), "..", "..", "docs", "spec", "vectors", "policy");

    public static TheoryData<string> Bundles => new("payments", "coding-agent", "read-only-assistant");

    [Theory]
    [MemberData(nameof(Bundles))]
    public void Decisions_and_digest_are_those_of_another_implementation(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "decisions.json")));
        var vector = document.RootElement.GetProperty("bundles").EnumerateArray().Single(b => b.GetProperty("name").GetString() == name);
        var bundle = PolicyBundle.Load(BundleFiles.Unseal(File.ReadAllBytes(Path.Combine(Folder, $"{name}.cairn-policy"))), CedarModule.Shared);
        using var evaluator = new PolicyEvaluator(bundle, CedarModule.Shared, instances: 1);

        Assert.Equal(vector.GetProperty("digest").GetString(), $"sha256:{bundle.Digest}");
        Assert.Equal(document.RootElement.GetProperty("engine_digest").GetString(), $"sha256:{CedarModule.Shared.Identity.Digest}");
        foreach (var expected in vector.GetProperty("decisions").EnumerateArray())
        {
            var found = evaluator.Evaluate(Encoding.UTF8.GetBytes(expected.GetProperty("input").GetString()!));
            Assert.Equal(
                (expected.GetProperty("name").GetString(), expected.GetProperty("decision").GetString(), Joined(expected, "determining"), Joined(expected, "obligations"),
                    expected.GetProperty("reason").GetString(), expected.GetProperty("failed").GetBoolean()),
                (expected.GetProperty("name").GetString(), OutcomeNames.Of(found.Outcome), string.Join(' ', found.Determining), string.Join(' ', found.Obligations),
                    found.Reason, found.Errors.Count > 0));
        }
    }

    [Theory]
    [MemberData(nameof(Bundles))]
    public void Input_documents_are_written_as_another_implementation_writes_them(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "decisions.json")));
        var vector = document.RootElement.GetProperty("bundles").EnumerateArray().Single(b => b.GetProperty("name").GetString() == name);
        var bundle = PolicyBundle.Load(BundleFiles.Unseal(File.ReadAllBytes(Path.Combine(Folder, $"{name}.cairn-policy"))), CedarModule.Shared);
        var cases = PolicyCase.Read(bundle.Files, []);

        Assert.Equal(
            vector.GetProperty("decisions").EnumerateArray().Select(d => d.GetProperty("input").GetString()),
            cases.Select(c => Encoding.UTF8.GetString(DecisionInput.Write(c.Request, bundle.Manifest))));
    }

    private static string Joined(JsonElement owner, string name) => string.Join(' ', owner.GetProperty(name).EnumerateArray().Select(v => v.GetString()));
}
