using System.Text;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;

namespace Cairn.Evidence.Tests.Checkpoints;

public class CheckpointTests
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
        var note = SignedNote.Parse(new SignedNote(Head.Body, [signer.Sign(Head, Time)]).Encode());

        var check = VerifierKey.Parse(signer.VerifierKey.ToString()).Verify(note);

        Assert.Equal(new NoteCheck(NoteCheckResult.Good, type == KeyType.Ed25519 ? null : Time), check);
        Assert.Equal(NoteCheckResult.Absent, other.VerifierKey.Verify(note).Result);
        var larger = new SignedNote((Head with { Size = 43 }).Body, note.Signatures);
        Assert.Equal(NoteCheckResult.Bad, signer.VerifierKey.Verify(larger).Result);
    }

    [Theory]
    [InlineData(KeyType.Ed25519)]
    [InlineData(KeyType.MlDsa44)]
    public void A_private_key_survives_its_text(byte type)
    {
        using var signer = CheckpointSigner.Generate(type, Head.Origin);
        using var again = CheckpointSigner.ParsePrivate(signer.ExportPrivate());

        Assert.Equal(signer.VerifierKey, again.VerifierKey);
        Assert.Throws<EvidenceFormatException>(() => CheckpointSigner.ParsePrivate(signer.ExportPrivate().Replace("example", "exampel")));
    }

    [Fact]
    public void Unknown_and_grease_signatures_are_left_alone()
    {
        using var signer = CheckpointSigner.Generate(KeyType.Ed25519, Head.Origin);
        var note = new SignedNote(Head.Body, [new NoteSignature("grease.example", 7, new byte[20]), signer.Sign(Head, Time), new NoteSignature(Head.Origin, 9, new byte[64])]);

        Assert.Equal(NoteCheckResult.Good, signer.VerifierKey.Verify(SignedNote.Parse(note.Encode())).Result);
    }

    [Fact]
    public void A_body_may_hold_empty_lines_since_the_last_one_separates()
    {
        var note = SignedNote.Parse(Encoding.UTF8.GetBytes("a\n\nb\n\n— k AAAAAQI=\n"));

        Assert.Equal("a\n\nb\n", note.Body);
        Assert.Equal(new byte[] { 2 }, note.Signatures[0].Bytes.ToArray());
    }

    [Theory]
    [InlineData("a\n", "empty line")]
    [InlineData("a\n\n", "signature line")]
    [InlineData("a\n\n— k AAAAAQI=", "newline")]
    [InlineData("a\n\n- k AAAAAQI=\n", "signature line 1")]
    [InlineData("a\n\n— k AAAAAQJ=\n", "canonical base64")]
    [InlineData("a\n\n— k AAAAAQ==\n", "too few")]
    [InlineData("a\n\n— k+ AAAAAQI=\n", "signature line 1")]
    [InlineData("a\r\n\n— k AAAAAQI=\n", "control character")]
    public void A_note_in_any_other_form_is_refused_with_its_reason(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<EvidenceFormatException>(() => SignedNote.Parse(Encoding.UTF8.GetBytes(text))).Message);

    [Theory]
    [InlineData("o\n042\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "leading zeros")]
    [InlineData("o\n-1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "decimal")]
    [InlineData("o\n1\nAAAA\n", "32 bytes")]
    [InlineData("\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "origin")]
    [InlineData("o\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "empty tree")]
    [InlineData("o\n1\n", "three lines")]
    public void A_checkpoint_in_any_other_form_is_refused_with_its_reason(string body, string reason) =>
        Assert.Contains(reason, Assert.Throws<EvidenceFormatException>(() => Checkpoint.ParseBody(body)).Message);

    [Fact]
    public void A_verifier_key_with_anothers_key_id_is_refused()
    {
        using var signer = CheckpointSigner.Generate(KeyType.Ed25519, "a");
        var text = signer.VerifierKey.ToString();

        Assert.Contains("key id should be", Assert.Throws<EvidenceFormatException>(() => VerifierKey.Parse("b" + text[1..])).Message);
        Assert.Equal(new TreeHead(42, Digest.Sha256([1])), Checkpoint.ParseBody(Head.Body).Head);
    }
}
