using System.Text;
using System.Text.Json;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Receipts;
using Cairn.Evidence.Tests.Vectors;

namespace Cairn.Evidence.Tests.Receipts;

/// <summary>Reads docs/spec/vectors/receipts as another verifier would.</summary>
public class ReceiptVectorTests
{
    [Fact]
    public void Receipts_prove_what_the_vectors_say()
    {
        var log = KeyNamed("log");
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

    [Fact]
    public void Cose_receipts_prove_what_the_vectors_say()
    {
        var cose = VectorFiles.Json("receipts/cose.json");
        Assert.All(cose.GetProperty("keys").EnumerateArray(), item =>
        {
            Assert.Equal(Text(item, "cose_key"), Convert.ToHexStringLower(CoseKey.Encode(KeyNamed(Text(item, "key")))));
            Assert.Equal(Text(item, "thumbprint"), CoseKey.Thumbprint(KeyNamed(Text(item, "key"))).ToString());
        });
        Assert.All(cose.GetProperty("inclusion").EnumerateArray(), item =>
            Assert.Equal(item.GetProperty("proves").GetBoolean(), Receipt(item).ProvesInclusion(MerkleHash.Leaf(Convert.FromHexString(Text(item, "entry"))), KeyNamed(Text(item, "key")))));
        Assert.All(cose.GetProperty("consistency").EnumerateArray(), item => Assert.Equal(
            item.GetProperty("proves").GetBoolean(),
            Receipt(item).ProvesConsistency(Digest.ParseHex(Text(item, "older_root")), Digest.ParseHex(Text(item, "newer_root")), KeyNamed(Text(item, "key")))));
        Assert.All(cose.GetProperty("malformed").EnumerateArray(), item =>
            Assert.Throws<EvidenceFormatException>(() => CoseReceipt.Decode(Convert.FromHexString(Text(item, "cbor")))));
        var transparent = cose.GetProperty("transparent");
        Assert.Equal(Text(transparent, "statement"), Convert.ToHexStringLower(TransparentStatement.Decode(VectorFiles.Bytes($"receipts/{Text(transparent, "file")}")).Statement.Bytes.Span));
    }

    private static CoseReceipt Receipt(JsonElement item) => CoseReceipt.Decode(VectorFiles.Bytes($"receipts/{Text(item, "file")}"));

    private static VerifierKey KeyNamed(string name) =>
        VerifierKey.Parse(Text(VectorFiles.Json("checkpoints/keys.json").GetProperty("keys").EnumerateArray().First(key => Text(key, "name") == name), "verifier"));

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;
}
