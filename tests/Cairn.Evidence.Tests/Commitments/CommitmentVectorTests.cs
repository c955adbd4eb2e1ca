using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;

namespace Cairn.Evidence.Tests.Commitments;

/// <summary>docs/spec/vectors/commitments, and the published answers of the functions that commitments rest on.</summary>
public class CommitmentVectorTests
{
    private static readonly TraceId Trace = TraceId.Parse("4bf92f3577b34da6a3ce929d0e0e4736");

    [Fact]
    public void Commitments_keys_and_sealed_contents_agree_with_the_vectors()
    {
        foreach (var vector in SpecFiles.Json("vectors/commitments/commitments.json").GetProperty("cases").EnumerateArray())
        {
            var (record, member) = (RecordId.Parse(vector.Text("record")), vector.Text("member"));
            var (trailKey, content) = (vector.Hex("trail_key"), vector.Hex("content"));

            var key = Commitment.CommitmentKey(trailKey, record, member);

            Assert.Equal(vector.Hex("commitment_key"), key);
            Assert.Equal(vector.Text("commitment"), Commitment.Commit(key, content).ToString());
            Assert.True(Commitment.Matches(Digest.ParseHex(vector.Text("commitment")), key, content));
            Assert.False(Commitment.Matches(Digest.ParseHex(vector.Text("commitment")), key, [.. content, 0]));
            Assert.Equal(vector.Hex("redacted_commitment_key"), Commitment.CommitmentKey(trailKey, record, member + HeldCommitment.RedactedSuffix));
            Assert.Equal(vector.Hex("content_key"), Commitment.ContentKey(trailKey, record, member));
            Assert.Equal(content, new SealedContent(record, member, Trace, vector.Hex("ciphertext")).Open(trailKey));
        }
    }

    /// <summary>RFC 5869 Appendix A.3 (SHA-256, no salt, no info): the first 32 of its 42 bytes.</summary>
    [Fact]
    public void Hkdf_gives_the_answer_of_rfc_5869() => Assert.Equal(
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
        Convert.ToHexStringLower(Commitment.HkdfOneBlock(Convert.FromHexString("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), [])));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(80)]
    public void Hkdf_gives_the_answer_of_the_platforms_general_function(int infoLength)
    {
        var info = Enumerable.Range(0, infoLength).Select(i => (byte)i).ToArray();
        var key = new byte[32];
        key.AsSpan().Fill(7);

        Assert.Equal(
            System.Security.Cryptography.HKDF.DeriveKey(System.Security.Cryptography.HashAlgorithmName.SHA256, key, 32, [], info),
            Commitment.HkdfOneBlock(key, info));
    }

    [Theory]
    [InlineData(31)]
    [InlineData(33)]
    [InlineData(0)]
    public void Keys_of_another_length_are_refused(int length)
    {
        var record = RecordId.New(DateTimeOffset.UnixEpoch);
        Assert.Throws<ArgumentException>(() => Commitment.CommitmentKey(new byte[length], record, "input"));
        Assert.Throws<ArgumentException>(() => Commitment.Commit(new byte[length], "x"u8));
        Assert.Throws<ArgumentException>(() => Commitment.CommitmentKey(new byte[32], record, ""));
    }
}
