using System.Text;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Receipts;

namespace Cairn.Evidence.Tests.Receipts;

public class TlogProofTests
{
    [Fact]
    public void A_proof_proves_its_own_entry_and_survives_its_text()
    {
        var entries = Enumerable.Range(0, 11).Select(i => Encoding.UTF8.GetBytes($"entry {i}")).ToArray();
        var leaves = entries.Select(entry => MerkleHash.Leaf(entry)).ToArray();
        using var signer = CheckpointSigner.Generate(KeyType.Ed25519, "example.org/log");
        var head = new Checkpoint("example.org/log", 11, MerkleTree.Root(leaves));
        var note = new SignedNote(head.Body, [signer.Sign(head, DateTimeOffset.UnixEpoch)]);
        for (var i = 0; i < entries.Length; i++)
        {
            var bytes = new TlogProof(i, MerkleTree.InclusionPath(leaves, i), note, i % 2 == 0 ? (ReadOnlyMemory<byte>?)null : new byte[] { 1, 2 }).Encode();
            var proof = TlogProof.Parse(bytes);

            Assert.True(proof.Proves(entries[i]));
            Assert.False(proof.Proves(entries[(i + 1) % 11]));
            Assert.Equal(bytes, proof.Encode());
            Assert.StartsWith("c2sp.org/tlog-proof@v1\n", Encoding.UTF8.GetString(bytes));
        }
    }

    [Theory]
    [InlineData("c2sp.org/tlog-proof@v2\nindex 0\n\n", "line 1")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 00\n\n", "leading zeros")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex\n\n", "line 2")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\n", "line 3")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 1\n", "empty line")]
    public void A_proof_in_any_other_form_is_refused_with_the_line(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<EvidenceFormatException>(() => TlogProof.Parse(Encoding.UTF8.GetBytes(text))).Message);
}
