using System.Text;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Witnessing;
using CsCheck;

namespace Cairn.Evidence.Tests.Witnessing;

/// <summary>The bodies of C2SP tlog-witness; the examples are those of its text.</summary>
public class AddCheckpointTests
{
    private const string Example = """
        old 20852014
        PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
        jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
        5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
        /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

        example.com/behind-the-sofa
        20852163
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

        — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
        — example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=

        """;

    private const string ExampleAnswer = """
        — witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39QsZTSvVjyQLrdk3DXDqI5G2HgLatVs0pWh6Up69HVOw==
        — witness.example/w1 I7rEps0pvK2UqkS2gSpVUDhrhVtQV9lgF6pRrWAvjJHjyWpW7VcE3SiOlVlbQNt64vWhO+DlkL0+UfzuOBMh9ChdMkP1vi/lCAsmlw==
        — witness.example/w2 AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB+dhnz0854aLZgrrKbYKA7nC3HNJhm/kWl7oJlqU3rXXvpysAdyP3wQ==

        """;

    private static readonly SignedNote Note = SignedNote.Parse(Encoding.UTF8.GetBytes(Example[(Example.IndexOf("\n\n", StringComparison.Ordinal) + 2)..]));

    [Fact]
    public void The_specifications_request_is_read_and_written_to_the_byte()
    {
        var request = AddCheckpointRequest.Parse(Encoding.UTF8.GetBytes(Example));

        Assert.Equal(20852014, request.OldSize);
        Assert.Equal(4, request.Proof.Count);
        Assert.Equal("5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=", request.Proof[2].ToBase64());
        Assert.Equal(20852163, Checkpoint.Of(request.Checkpoint).Size);
        Assert.Equal(2, request.Checkpoint.Signatures.Count);
        Assert.Equal(Example, Encoding.UTF8.GetString(request.Encode()));
    }

    [Fact]
    public void The_specifications_answer_is_read_and_written_to_the_byte()
    {
        var lines = AddCheckpointAnswer.ParseCosignatures(Note, Encoding.UTF8.GetBytes(ExampleAnswer));

        Assert.Equal(["witness.example/w1", "witness.example/w1", "witness.example/w2"], lines.Select(line => line.Name));
        Assert.All(lines, line => Assert.Equal(72, line.Bytes.Length));
        Assert.Equal(ExampleAnswer, Encoding.UTF8.GetString(AddCheckpointAnswer.EncodeCosignatures(lines)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("old 1\n")]
    [InlineData("old 01\n\nx\n0\ny\n\n— a AAAAAAA=\n")]
    [InlineData("old -1\n\nx\n0\ny\n\n— a AAAAAAA=\n")]
    [InlineData("old +1\n\nx\n0\ny\n\n— a AAAAAAA=\n")]
    [InlineData("old  1\n\nx\n0\ny\n\n— a AAAAAAA=\n")]
    [InlineData("old 1 \n\nx\n0\ny\n\n— a AAAAAAA=\n")]
    [InlineData("old ١\n\nx\n0\ny\n\n— a AAAAAAA=\n")]
    [InlineData("old 99999999999999999999\n\nx\n0\ny\n\n— a AAAAAAA=\n")]
    [InlineData("old 1\nAAAA\n\nx\n0\ny\n\n— a AAAAAAA=\n")]
    [InlineData("old 1\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw\n\nx\n0\ny\n\n— a AAAAAAA=\n")]
    [InlineData("old 1\r\n\r\nx\n0\ny\n\n— a AAAAAAA=\n")]
    [InlineData("OLD 1\n\nx\n0\ny\n\n— a AAAAAAA=\n")]
    [InlineData("old 1\n\nno signature lines\n")]
    public void Malformed_requests_are_refused(string text) =>
        Assert.Throws<EvidenceFormatException>(() => AddCheckpointRequest.Parse(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void A_proof_has_at_most_63_hashes()
    {
        var longest = new AddCheckpointRequest(1, [.. Enumerable.Repeat(MerkleHash.EmptyTree, 63)], Note);
        var longer = new AddCheckpointRequest(1, [.. Enumerable.Repeat(MerkleHash.EmptyTree, 64)], Note);

        Assert.Equal(63, AddCheckpointRequest.Parse(longest.Encode()).Proof.Count);
        Assert.Throws<EvidenceFormatException>(() => AddCheckpointRequest.Parse(longer.Encode()));
    }

    /// <summary>Law: whatever bytes come, a request is read back to the same bytes or refused with the format's exception.</summary>
    [Fact]
    public void Any_change_of_a_request_is_read_to_its_own_bytes_or_refused()
    {
        var bytes = Encoding.UTF8.GetBytes(Example);
        Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Byte, Gen.Int[0, 3]).Sample(
            change =>
            {
                var (at, value, how) = change;
                byte[] changed = how switch
                {
                    0 => [.. bytes[..at], value, .. bytes[(at + 1)..]],
                    1 => [.. bytes[..at], .. bytes[(at + 1)..]],
                    2 => [.. bytes[..at], value, .. bytes[at..]],
                    _ => bytes[..at],
                };
                try
                {
                    Assert.Equal(changed, AddCheckpointRequest.Parse(changed).Encode());
                }
                catch (EvidenceFormatException)
                {
                    // Refused: the other half of the law.
                }
            },
            iter: 3000);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no line\n")]
    [InlineData("— w AAAAAAA=\n\n— w AAAAAAA=\n")]
    [InlineData("another text\n\n— w AAAAAAA=\n")]
    [InlineData("— w AAAAAAA=")]
    public void Answers_that_are_no_signature_lines_are_refused(string text) =>
        Assert.Throws<EvidenceFormatException>(() => AddCheckpointAnswer.ParseCosignatures(Note, Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("07\n")]
    [InlineData("-7\n")]
    [InlineData("7\n\n")]
    public void A_size_is_decimal_with_a_newline_and_nothing_else(string text)
    {
        Assert.Throws<EvidenceFormatException>(() => AddCheckpointAnswer.ParseSize(Encoding.UTF8.GetBytes(text)));
        Assert.Equal(0, AddCheckpointAnswer.ParseSize("0\n"u8));
        Assert.Equal(70000, AddCheckpointAnswer.ParseSize(AddCheckpointAnswer.EncodeSize(70000)));
    }

    [Fact]
    public void A_log_is_named_to_monitors_by_the_hash_of_its_origin() =>
        // printf %s example.com/behind-the-sofa | sha256sum
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("example.com/behind-the-sofa"u8)), OriginHash.Of("example.com/behind-the-sofa"));
}
