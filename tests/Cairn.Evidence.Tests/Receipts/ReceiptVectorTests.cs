using System.Text;
using System.Text.Json;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Receipts;
using Cairn.Evidence.Tests.Vectors;

namespace Cairn.Evidence.Tests.Receipts;

/// <summary>Reads docs/spec/vectors/receipts as another verifier would.</summary>
public class ReceiptVectorTests
{
    [Fact]
    public void Receipts_prove_what_the_vectors_say()
    {
        var log = VerifierKey.Parse(Text(VectorFiles.Json("checkpoints/keys.json").GetProperty("keys").EnumerateArray().First(key => Text(key, "name") == "log"), "verifier"));
        Assert.All(VectorFiles.Json("receipts/verify.json").GetProperty("cases").EnumerateArray(), item =>
        {
            var bytes = VectorFiles.Bytes($"receipts/{Text(item, "file")}");
            var proof = TlogProof.Parse(bytes);

            Assert.Equal(item.GetProperty("proves").GetBoolean(), proof.Proves(Convert.FromHexString(Text(item, "entry"))));
            Assert.Equal(NoteCheckResult.Good, log.Verify(proof.Checkpoint).Result);
            Assert.Equal(bytes, proof.Encode());
        });
    }

    [Fact]
    public void Malformed_receipts_are_refused() =>
        Assert.All(VectorFiles.Json("receipts/malformed.json").GetProperty("cases").EnumerateArray(), item =>
            Assert.Throws<EvidenceFormatException>(() => TlogProof.Parse(Encoding.UTF8.GetBytes(Text(item, "text")))));

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;
}
