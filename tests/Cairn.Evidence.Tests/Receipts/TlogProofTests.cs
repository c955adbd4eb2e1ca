using System.Text;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Receipts;
using Cairn.Evidence.Trust;
using CsCheck;

namespace Cairn.Evidence.Tests.Receipts;

public class TlogProofTests
{
    private const string Origin = "example.org/log";
    private static readonly CheckpointSigner Signer = CheckpointSigner.Generate(KeyType.Ed25519, Origin);
    private static readonly byte[][] Entries = [.. Enumerable.Range(0, 11).Select(i => Encoding.UTF8.GetBytes($"entry {i}"))];
    private static readonly Digest[] Leaves = [.. Entries.Select(entry => MerkleHash.Leaf(entry))];
    private static readonly Checkpoint Head = new(Origin, 11, MerkleTree.Root(Leaves));
    private static readonly SignedNote Note = new(Head.Body, [Signer.Sign(Head, DateTimeOffset.UnixEpoch)]);

    [Fact]
    public void A_proof_proves_its_own_entry_and_survives_its_text()
    {
        for (var i = 0; i < Entries.Length; i++)
        {
            var bytes = Proof(i, i % 2 == 0 ? null : [1, 2]).Encode();
            var proof = TlogProof.Parse(bytes);

            Assert.True(proof.Proves(Entries[i]));
            Assert.False(proof.Proves(Entries[(i + 1) % 11]));
            Assert.False((proof with { Index = (i + 1) % 11 }).Proves(Entries[i]));
            Assert.False((proof with { Path = [.. proof.Path, Leaves[0]] }).Proves(Entries[i]));
            Assert.False((proof with { Path = [.. proof.Path.Skip(1)] }).Proves(Entries[i]));
            Assert.Equal(bytes, proof.Encode());
        }
    }

    [Fact]
    public void The_layout_is_that_of_the_specification()
    {
        var lines = Encoding.UTF8.GetString(Proof(10, [1, 2]).Encode()).Split('\n');

        Assert.Equal(["c2sp.org/tlog-proof@v1", "extra AQI=", "index 10"], lines[..3]);
        Assert.Equal(MerkleTree.InclusionPath(Leaves, 10).Select(hash => hash.ToBase64()), lines[3..5]);
        Assert.Equal(["", Origin, "11", Head.Root.ToBase64(), ""], lines[5..10]);
        Assert.StartsWith($"— {Origin} ", lines[10]);
        Assert.Equal("", Assert.Single(lines[11..]));
    }

    [Fact]
    public void A_log_of_one_entry_has_a_proof_without_hashes()
    {
        var head = new Checkpoint(Origin, 1, Leaves[0]);
        var proof = TlogProof.Parse(new TlogProof(0, [], new SignedNote(head.Body, [Signer.Sign(head, DateTimeOffset.UnixEpoch)])).Encode());

        Assert.True(proof.Proves(Entries[0]));
        Assert.False(proof.Proves(Entries[1]));
    }

    [Theory]
    [InlineData("", "expected lines")]
    [InlineData("c2sp.org/tlog-proof@v2\nindex 0\n\n", "line 1")]
    [InlineData("c2sp.org/tlog-proof@v1 \nindex 0\n\n", "line 1")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 00\n\n", "leading zeros")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex -1\n\n", "line 2")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n\n", "line 2")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex\n\n", "line 2")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex \n\n", "line 2")]
    [InlineData("c2sp.org/tlog-proof@v1\n\n", "line 2")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 1\nextra AQI=\n\n", "line 3")]
    [InlineData("c2sp.org/tlog-proof@v1\nextra AQI=\nextra AQI=\nindex 1\n\n", "line 3")]
    [InlineData("c2sp.org/tlog-proof@v1\nextra AQJ=\nindex 1\n\n", "line 2")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\n", "line 3")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 1\n", "empty line")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 1\n\n", "signed note")]
    public void A_proof_in_any_other_form_is_refused_with_the_line(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<EvidenceFormatException>(() => TlogProof.Parse(Encoding.UTF8.GetBytes(text))).Message);

    [Fact]
    public void More_hashes_than_any_tree_has_levels_are_refused()
    {
        var long64 = Proof(0) with { Path = [.. Enumerable.Repeat(Leaves[0], 64)] };

        Assert.Contains("63", Assert.Throws<EvidenceFormatException>(() => TlogProof.Parse(long64.Encode())).Message);
    }

    [Fact]
    public void One_flipped_bit_in_any_byte_of_a_receipt_is_found_but_in_its_extra_data()
    {
        var policy = LogPolicy.Parse($"log {Signer.VerifierKey}\nquorum none\n");
        var bytes = Proof(4, [7, 7, 7]).Encode();
        var extra = Encoding.UTF8.GetString(bytes).IndexOf("BwcH", StringComparison.Ordinal);
        Assert.True(Accepted(bytes, policy));
        for (var i = 0; i < bytes.Length; i++)
        {
            for (var bit = 0; bit < 8 && (i < extra || i >= extra + 4); bit++)
            {
                var flipped = bytes.ToArray();
                flipped[i] ^= (byte)(1 << bit);

                Assert.False(Accepted(flipped, policy), $"bit {bit} of byte {i}");
            }
        }
    }

    [Fact]
    public void Any_cut_and_joined_bytes_are_either_exactly_a_proof_or_refused()
    {
        var bytes = Proof(4, [7]).Encode();
        Gen.Select(Gen.Int[0, bytes.Length], Gen.Int[0, bytes.Length], Gen.Byte.Array[0, 4]).Sample((from, to, between) =>
        {
            byte[] joined = [.. bytes[..from], .. between, .. bytes[to..]];
            try
            {
                Assert.Equal(joined, TlogProof.Parse(joined).Encode());
            }
            catch (EvidenceFormatException problem)
            {
                Assert.NotEmpty(problem.Message);
            }
        });
    }

    private static bool Accepted(byte[] bytes, LogPolicy policy)
    {
        try
        {
            var proof = TlogProof.Parse(bytes);
            return proof.Proves(Entries[4]) && policy.Check(proof.Checkpoint).Accepted;
        }
        catch (EvidenceFormatException)
        {
            return false;
        }
    }

    private static TlogProof Proof(int index, byte[]? extra = null) =>
        new(index, MerkleTree.InclusionPath(Leaves, index), Note, extra is null ? (ReadOnlyMemory<byte>?)null : extra);
}
