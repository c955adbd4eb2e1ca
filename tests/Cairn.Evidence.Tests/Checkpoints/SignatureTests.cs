using System.Buffers.Binary;
using System.Text;
using Cairn.Evidence.Checkpoints;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;

namespace Cairn.Evidence.Tests.Checkpoints;

public class SignatureTests
{
    private static readonly Checkpoint Head = new("example.org/log", 42, Digest.Sha256([1]));
    private static readonly DateTimeOffset Time = DateTimeOffset.FromUnixTimeSeconds(1_790_000_000);

    [Theory]
    [InlineData(KeyType.Ed25519)]
    [InlineData(KeyType.CosignatureEd25519)]
    [InlineData(KeyType.MlDsa44)]
    public void A_signature_verifies_with_its_own_key_only_and_carries_its_time(byte type)
    {
        using var signer = CheckpointSigner.Generate(type, Head.Origin);
        using var other = CheckpointSigner.Generate(type, Head.Origin);
        var note = SignedNote.Parse(Note(signer.Sign(Head, Time)).Encode());

        var check = VerifierKey.Parse(signer.VerifierKey.ToString()).Verify(note);

        Assert.Equal(new NoteCheck(NoteCheckResult.Good, type == KeyType.Ed25519 ? null : Time), check);
        Assert.Equal(NoteCheckResult.Absent, other.VerifierKey.Verify(note).Result);
        foreach (var changed in new[] { Head with { Size = 43 }, Head with { Root = Digest.Sha256([2]) }, Head with { Origin = "example.org/other" } })
        {
            Assert.Equal(NoteCheckResult.Bad, signer.VerifierKey.Verify(new SignedNote(changed.Body, note.Signatures)).Result);
        }
    }

    [Theory]
    [InlineData(KeyType.Ed25519, 64)]
    [InlineData(KeyType.CosignatureEd25519, 72)]
    [InlineData(KeyType.MlDsa44, 2428)]
    public void A_signature_of_another_length_fails_the_note(byte type, int length)
    {
        using var signer = CheckpointSigner.Generate(type, Head.Origin);
        var signature = signer.Sign(Head, Time);

        Assert.Equal(length, signature.Bytes.Length);
        Assert.Equal(NoteCheckResult.Bad, signer.VerifierKey.Verify(Note(signature with { Bytes = signature.Bytes[..^1] })).Result);
        Assert.Equal(NoteCheckResult.Bad, signer.VerifierKey.Verify(Note(signature with { Bytes = new byte[] { 1 } })).Result);
        Assert.Equal(NoteCheckResult.Bad, signer.VerifierKey.Verify(Note(signature with { Bytes = (byte[])[.. signature.Bytes.Span, 0] })).Result);
    }

    [Theory]
    [InlineData(KeyType.CosignatureEd25519)]
    [InlineData(KeyType.MlDsa44)]
    public void A_cosignature_with_another_time_fails_the_note(byte type)
    {
        using var signer = CheckpointSigner.Generate(type, "witness.example/w");
        var bytes = signer.Sign(Head, Time).Bytes.ToArray();
        bytes[7] ^= 1;

        Assert.Equal(NoteCheckResult.Bad, signer.VerifierKey.Verify(Note(new NoteSignature(signer.VerifierKey.Name, signer.VerifierKey.KeyId, bytes))).Result);
        bytes[0] = 0x80;
        Assert.Equal(NoteCheckResult.Bad, signer.VerifierKey.Verify(Note(new NoteSignature(signer.VerifierKey.Name, signer.VerifierKey.KeyId, bytes))).Result);
    }

    [Fact]
    public void The_signed_message_of_a_cosignature_v1_is_its_two_lines_and_the_body()
    {
        using var signer = CheckpointSigner.Generate(KeyType.CosignatureEd25519, "witness.example/w");
        var head = Head with { Extensions = ["an extension"] };
        var signature = signer.Sign(head, Time).Bytes.Span;

        Assert.Equal(1_790_000_000UL, BinaryPrimitives.ReadUInt64BigEndian(signature));
        Assert.True(VerifyEd25519(signer.VerifierKey, $"cosignature/v1\ntime 1790000000\n{head.Body}", signature[8..]));
    }

    [Fact]
    public void The_signed_message_of_ml_dsa_is_the_structure_of_tlog_cosignature()
    {
        using var signer = CheckpointSigner.Generate(KeyType.MlDsa44, "witness.example/é");
        var signature = signer.Sign(Head, Time).Bytes;
        using var message = new MemoryStream();
        message.Write("subtree/v1\n\0"u8);
        message.Write([18, .. "witness.example/é"u8]);
        message.Write([0, 0, 0, 0, 0x6a, 0xb1, 0x3b, 0x80]);
        message.Write([15, .. "example.org/log"u8]);
        message.Write(new byte[8]);
        message.Write([0, 0, 0, 0, 0, 0, 0, 42]);
        message.Write(Head.Root.ToArray());

        var verifier = new MLDsaSigner(MLDsaParameters.ml_dsa_44, deterministic: true);
        verifier.Init(false, MLDsaPublicKeyParameters.FromEncoding(MLDsaParameters.ml_dsa_44, signer.VerifierKey.PublicKey.ToArray()));
        verifier.BlockUpdate(message.ToArray(), 0, (int)message.Length);

        Assert.Equal(1_790_000_000UL, BinaryPrimitives.ReadUInt64BigEndian(signature.Span));
        Assert.True(verifier.VerifySignature(signature[8..].ToArray()));
    }

    [Fact]
    public void Ml_dsa_does_not_sign_extension_lines()
    {
        using var signer = CheckpointSigner.Generate(KeyType.MlDsa44, Head.Origin);
        var extended = new SignedNote((Head with { Extensions = ["added later"] }).Body, [signer.Sign(Head, Time)]);

        Assert.Equal(NoteCheckResult.Good, signer.VerifierKey.Verify(extended).Result);
    }

    [Fact]
    public void A_zero_time_says_nothing_of_the_time_for_ml_dsa_only()
    {
        using var pq = CheckpointSigner.Generate(KeyType.MlDsa44, "w");
        using var classical = CheckpointSigner.Generate(KeyType.CosignatureEd25519, "w");

        Assert.Equal(new NoteCheck(NoteCheckResult.Good, null), pq.VerifierKey.Verify(Note(pq.Sign(Head, DateTimeOffset.UnixEpoch))));
        Assert.Equal(new NoteCheck(NoteCheckResult.Good, DateTimeOffset.UnixEpoch), classical.VerifierKey.Verify(Note(classical.Sign(Head, DateTimeOffset.UnixEpoch))));
        Assert.Throws<ArgumentOutOfRangeException>(() => classical.Sign(Head, DateTimeOffset.UnixEpoch.AddSeconds(-1)));
    }

    [Fact]
    public void Of_two_cosignatures_by_one_key_the_earlier_time_counts_and_a_bad_one_fails_both()
    {
        using var signer = CheckpointSigner.Generate(KeyType.CosignatureEd25519, "w");
        var (late, early) = (signer.Sign(Head, Time.AddHours(1)), signer.Sign(Head, Time));
        var bad = signer.Sign(Head with { Size = 1 }, Time);

        Assert.Equal(Time, signer.VerifierKey.Verify(Note(late, early)).Time);
        Assert.Equal(Time, signer.VerifierKey.Verify(Note(early, late)).Time);
        Assert.Equal(NoteCheckResult.Bad, signer.VerifierKey.Verify(Note(early, bad)).Result);
    }

    [Fact]
    public void Unknown_and_grease_signatures_are_left_alone()
    {
        using var signer = CheckpointSigner.Generate(KeyType.Ed25519, Head.Origin);
        var note = Note(
            new NoteSignature("grease.example", signer.VerifierKey.KeyId, new byte[20]),
            signer.Sign(Head, Time),
            new NoteSignature(Head.Origin, signer.VerifierKey.KeyId + 1, new byte[64]));

        Assert.Equal(NoteCheckResult.Good, signer.VerifierKey.Verify(SignedNote.Parse(note.Encode())).Result);
    }

    [Fact]
    public void One_flipped_bit_in_any_byte_of_a_signed_checkpoint_is_found()
    {
        using var ed25519 = CheckpointSigner.Generate(KeyType.Ed25519, Head.Origin);
        using var mlDsa = CheckpointSigner.Generate(KeyType.MlDsa44, Head.Origin);
        var bytes = Note(ed25519.Sign(Head, Time), mlDsa.Sign(Head, Time)).Encode();
        for (var i = 0; i < bytes.Length; i++)
        {
            var flipped = bytes.ToArray();
            flipped[i] ^= (byte)(1 << (i % 8));

            Assert.False(BothGood(flipped, ed25519.VerifierKey, mlDsa.VerifierKey), $"byte {i}");
        }

        Assert.True(BothGood(bytes, ed25519.VerifierKey, mlDsa.VerifierKey));
    }

    [Theory]
    [InlineData("example.org/log\nx", null)]
    [InlineData("", null)]
    [InlineData("example.org/log", "two\nlines")]
    [InlineData("example.org/log", "")]
    public void A_checkpoint_that_reads_back_as_another_is_not_signed(string origin, string? extension)
    {
        using var signer = CheckpointSigner.Generate(KeyType.Ed25519, "k");

        Assert.Throws<EvidenceFormatException>(() => signer.Sign(Head with { Origin = origin, Extensions = extension is null ? null : [extension] }, Time));
    }

    private static bool BothGood(byte[] bytes, params VerifierKey[] keys)
    {
        try
        {
            var note = SignedNote.Parse(bytes);
            return keys.All(key => key.Verify(note).Result == NoteCheckResult.Good);
        }
        catch (EvidenceFormatException)
        {
            return false;
        }
    }

    private static SignedNote Note(params NoteSignature[] signatures) => new(Head.Body, signatures);

    private static bool VerifyEd25519(VerifierKey key, string message, ReadOnlySpan<byte> signature)
    {
        var algorithm = NSec.Cryptography.SignatureAlgorithm.Ed25519;
        var raw = NSec.Cryptography.PublicKey.Import(algorithm, key.PublicKey.Span, NSec.Cryptography.KeyBlobFormat.RawPublicKey);
        return algorithm.Verify(raw, Encoding.UTF8.GetBytes(message), signature);
    }
}
