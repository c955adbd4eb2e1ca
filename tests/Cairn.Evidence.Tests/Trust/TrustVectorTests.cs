using System.Text.Json;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Tests.Vectors;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Tests.Trust;

/// <summary>Reads docs/spec/vectors/trust-policy as another verifier would.</summary>
public class TrustVectorTests
{
    [Fact]
    public void Checkpoints_are_judged_as_the_vectors_say() =>
        Assert.All(Cases("verify.json"), item =>
        {
            var policy = TrustPolicy.Parse(VectorFiles.Bytes($"trust-policy/{Text(item, "policy")}"));
            var verdict = policy.Log.Check(SignedNote.Parse(VectorFiles.Bytes($"trust-policy/{Text(item, "note")}")));

            Assert.Equal(item.GetProperty("accepted").GetBoolean(), verdict.Accepted);
            Assert.Equal(item.GetProperty("witnesses").EnumerateArray().Select(name => name.GetString()), verdict.Witnesses.Select(witness => witness.Name));
        });

    [Fact]
    public void Emitters_have_the_roles_that_the_vectors_say()
    {
        var policy = TrustPolicy.Parse(VectorFiles.Bytes("trust-policy/emitters.policy"));
        Assert.Single(policy.RootsOf("example.org"));
        Assert.All(Cases("emitters.json"), item =>
        {
            var issuer = SpiffeId.Parse(Text(item, "issuer"));
            var rule = item.TryGetProperty("kid", out var kid) ? policy.RuleFor(issuer, Digest.ParseHex(kid.GetString()!)) : policy.RuleFor(issuer);

            Assert.Equal(item.TryGetProperty("role", out var role) ? role.GetString() : null, rule?.Role.ToString().ToLowerInvariant());
        });
    }

    [Fact]
    public void Malformed_policies_are_refused() =>
        Assert.All(Cases("malformed.json"), item => Assert.Throws<EvidenceFormatException>(() => TrustPolicy.Parse(Text(item, "policy"))));

    private static IEnumerable<JsonElement> Cases(string file) => VectorFiles.Json($"trust-policy/{file}").GetProperty("cases").EnumerateArray();

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;
}
