using System.Text.Json;
using Cairn.Evidence.Tests.Vectors;
using Cairn.Evidence.Timestamps;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;

namespace Cairn.Evidence.Tests.Timestamps;

/// <summary>Reads docs/spec/vectors/timestamps, tokens of OpenSSL's own authority, as another verifier would.</summary>
public class TimestampVectorTests
{
    [Fact]
    public void Tokens_are_judged_as_the_vectors_say()
    {
        var (text, policy) = (VectorFiles.Bytes("timestamps/text"), TrustPolicy.Parse(VectorFiles.Bytes("timestamps/timestampers.policy")));
        Assert.All(VectorFiles.Json("timestamps/expected.json").EnumerateArray(), item =>
        {
            var check = TimestampToken.Verify(VectorFiles.Bytes($"timestamps/{Text(item, "token")}"), text, policy.Timestampers);

            Assert.Equal(Text(item, "result"), check.IsGood ? "good" : $"timestamp-{check.Fault.ToString().ToLowerInvariant()}");
            Assert.Equal(Text(item, "timestamper"), check.Timestamper);
            Assert.True(check.IsGood == (check.Reason.Length == 0));
            if (check.IsGood)
            {
                Assert.Equal(Text(item, "not_after"), Times.Text(check.NotAfter));
            }
        });
    }

    [Fact]
    public void Token_with_any_bit_changed_is_refused_or_says_the_same()
    {
        var (text, policy) = (VectorFiles.Bytes("timestamps/text"), TrustPolicy.Parse(VectorFiles.Bytes("timestamps/timestampers.policy")));
        var token = VectorFiles.Bytes("timestamps/good.tst");
        var original = TimestampToken.Verify(token, text, policy.Timestampers);
        var harmless = new List<int>();
        for (var bit = 0; bit < token.Length * 8; bit++)
        {
            token[bit / 8] ^= (byte)(1 << (bit % 8));
            var check = TimestampToken.Verify(token, text, policy.Timestampers);
            token[bit / 8] ^= (byte)(1 << (bit % 8));
            if (check.IsGood)
            {
                Assert.Equal(original, check);
                harmless.Add(bit / 8);
            }
        }

        // Outside the signature: the version of SignedData, digest parameters, and the like, which change nothing that is claimed.
        Assert.InRange(harmless.Distinct().Count(), 0, 40);
    }

    private static string Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetString()! : "";
}
