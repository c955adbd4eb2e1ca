using System.Security.Cryptography;
using Cairn.Evidence.Commitments;
using CsCheck;

namespace Cairn.Evidence.Tests.Commitments;

public class CommitmentTests
{
    private static readonly byte[] TrailKey = SHA256.HashData("trail"u8);
    private static readonly RecordId Id = RecordId.Parse("01976d2e-5c00-7000-8000-0123456789ab");
    private static readonly TraceId Trace = TraceId.Parse("4bf92f3577b34da6a3ce929d0e0e4736");

    [Fact]
    public void Commitment_keys_differ_by_purpose_record_member_and_trail()
    {
        var other = RecordId.Parse("01976d2e-5c00-7000-8000-0123456789ac");
        byte[][] keys =
        [
            Commitment.CommitmentKey(TrailKey, Id, "input"), Commitment.ContentKey(TrailKey, Id, "input"),
            Commitment.CommitmentKey(TrailKey, Id, "output"), Commitment.CommitmentKey(TrailKey, other, "input"),
            Commitment.CommitmentKey(SHA256.HashData("another"u8), Id, "input"),
        ];

        Assert.Equal(keys.Length, keys.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void SealedContent_opens_to_what_was_sealed() =>
        Gen.Byte.Array[0, 300].Sample(content =>
        {
            var sealedContent = SealedContent.Seal(TrailKey, Trace, Id, "input", content);
            Assert.Equal(content, sealedContent.Open(TrailKey));
            Assert.True(sealedContent.TryOpen(Commitment.ContentKey(TrailKey, Id, "input"), out var again));
            Assert.Equal(content, again);
        });

    [Fact]
    public void SealedContent_does_not_open_when_a_bit_of_it_or_its_place_is_another()
    {
        var sealedContent = SealedContent.Seal(TrailKey, Trace, Id, "input", "content"u8);
        var key = Commitment.ContentKey(TrailKey, Id, "input");
        for (var bit = 0; bit < sealedContent.Ciphertext.Length * 8; bit++)
        {
            var altered = sealedContent.Ciphertext.ToArray();
            altered[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False((sealedContent with { Ciphertext = altered }).TryOpen(key, out _));
        }

        Assert.False((sealedContent with { Member = "output" }).TryOpen(key, out _));
        Assert.False((sealedContent with { Ciphertext = sealedContent.Ciphertext[..^1] }).TryOpen(key, out _));
        Assert.False((sealedContent with { Ciphertext = new byte[27] }).TryOpen(key, out _));
        Assert.Throws<EvidenceFormatException>(() => sealedContent.Open(SHA256.HashData("another"u8)));
    }
}
