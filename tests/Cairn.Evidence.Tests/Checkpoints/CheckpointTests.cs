using System.Text;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using CsCheck;

namespace Cairn.Evidence.Tests.Checkpoints;

public class CheckpointTests
{
    private const string Zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    [Theory]
    [InlineData("o\n042\n" + Zeros + "\n", "leading zeros")]
    [InlineData("o\n00\n" + Zeros + "\n", "leading zeros")]
    [InlineData("o\n-1\n" + Zeros + "\n", "decimal")]
    [InlineData("o\n+1\n" + Zeros + "\n", "decimal")]
    [InlineData("o\n 1\n" + Zeros + "\n", "decimal")]
    [InlineData("o\n\n" + Zeros + "\n", "decimal")]
    [InlineData("o\n١\n" + Zeros + "\n", "decimal")]
    [InlineData("o\n9223372036854775808\n" + Zeros + "\n", "decimal")]
    [InlineData("o\n1\nAAAA\n", "32 bytes")]
    [InlineData("o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n", "canonical base64")]
    [InlineData("o\n1\n" + Zeros + " \n", "canonical base64")]
    [InlineData("\n1\n" + Zeros + "\n", "origin")]
    [InlineData("o\n0\n" + Zeros + "\n", "empty tree")]
    [InlineData("o\n1\n", "three lines")]
    [InlineData("o\n1\n" + Zeros, "three lines")]
    [InlineData("o\n1\n" + Zeros + "\n\n", "extension line")]
    [InlineData("o\n1\n" + Zeros + "\nx\n\ny\n", "extension line")]
    public void A_checkpoint_in_any_other_form_is_refused_with_its_reason(string body, string reason) =>
        Assert.Contains(reason, Assert.Throws<EvidenceFormatException>(() => Checkpoint.ParseBody(body)).Message);

    [Fact]
    public void An_origin_has_at_most_255_bytes()
    {
        Assert.Equal(255, Checkpoint.ParseBody($"{new string('o', 255)}\n1\n{Zeros}\n").Origin.Length);
        Assert.Contains("255", Assert.Throws<EvidenceFormatException>(() => Checkpoint.ParseBody($"{new string('é', 128)}\n1\n{Zeros}\n")).Message);
    }

    [Fact]
    public void The_empty_tree_and_the_largest_are_read()
    {
        Assert.Equal(new TreeHead(0, MerkleHash.EmptyTree), Checkpoint.ParseBody($"o\n0\n{MerkleHash.EmptyTree.ToBase64()}\n").Head);
        Assert.Equal(long.MaxValue, Checkpoint.ParseBody($"o\n9223372036854775807\n{Zeros}\n").Size);
    }

    [Fact]
    public void Checkpoints_are_read_as_they_were_written() =>
        Gen.Select(Gen.String[Gen.Char["abc/.é 語"], 1, 40], Gen.Long[1, long.MaxValue], Gen.Byte.Array[32], Gen.String[Gen.Char["abc é"], 1, 9].Array[0, 3])
            .Sample((origin, size, root, extensions) =>
            {
                var checkpoint = new Checkpoint(origin, size, new Digest(root), extensions);

                Assert.Equal(checkpoint, Checkpoint.ParseBody(checkpoint.Body));
                Assert.Equal(checkpoint.Body, Checkpoint.ParseBody(checkpoint.Body).Body);
            });

    [Fact]
    public void Any_text_is_either_exactly_a_checkpoint_or_refused() =>
        Gen.Select(Gen.String[Gen.Char["ab\n "], 0, 4], Gen.String[Gen.Char["0123\n-"], 0, 4], Gen.String[Gen.Char["A=\n"], 0, 9]).Sample((a, b, c) =>
        {
            var body = $"{a}\n{b}\n{Zeros}\n{c}";
            try
            {
                Assert.Equal(body, Checkpoint.ParseBody(body).Body);
            }
            catch (EvidenceFormatException problem)
            {
                Assert.StartsWith("checkpoint", problem.Message);
            }
        });

    [Fact]
    public void The_published_example_is_read_with_its_witness_time()
    {
        // C2SP tlog-cosignature, introduction.
        var note = SignedNote.Parse(Encoding.UTF8.GetBytes("""
            example.com/behind-the-sofa
            20852163
            CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

            — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
            — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==

            """));
        var checkpoint = Checkpoint.Of(note);

        Assert.Equal("example.com/behind-the-sofa", checkpoint.Origin);
        Assert.Equal(20852163, checkpoint.Size);
        Assert.Equal([64, 8 + 64], note.Signatures.Select(signature => signature.Bytes.Length));
        Assert.Equal(1679315147L, System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(note.Signatures[1].Bytes.Span));
    }
}
