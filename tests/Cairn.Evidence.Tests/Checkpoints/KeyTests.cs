using System.Text;
using Cairn.Evidence.Checkpoints;
using CsCheck;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;

namespace Cairn.Evidence.Tests.Checkpoints;

public class KeyTests
{
    [Theory]
    [InlineData(KeyType.Ed25519)]
    [InlineData(KeyType.CosignatureEd25519)]
    [InlineData(KeyType.MlDsa44)]
    public void A_private_key_survives_its_text(byte type)
    {
        using var signer = CheckpointSigner.Generate(type, "example.org/log");
        using var again = CheckpointSigner.ParsePrivate(signer.ExportPrivate());

        Assert.Equal(signer.VerifierKey, again.VerifierKey);
        Assert.Throws<EvidenceFormatException>(() => CheckpointSigner.ParsePrivate(signer.ExportPrivate().Replace("example", "exampel")));
    }

    [Fact]
    public void A_refused_private_key_is_not_in_the_message()
    {
        using var signer = CheckpointSigner.Generate(KeyType.Ed25519, "k");
        var text = signer.ExportPrivate();
        foreach (var bad in new[] { text + " ", text + "=", text[..^4], "x" + text, text.Replace("+k+", "+l+") })
        {
            var message = Assert.Throws<EvidenceFormatException>(() => CheckpointSigner.ParsePrivate(bad)).Message;

            Assert.DoesNotContain(text[^20..^8], message);
        }
    }

    [Fact]
    public void A_verifier_key_with_anothers_key_id_is_refused()
    {
        using var signer = CheckpointSigner.Generate(KeyType.Ed25519, "a");

        Assert.Contains("key id should be", Assert.Throws<EvidenceFormatException>(() => VerifierKey.Parse("b" + signer.VerifierKey.ToString()[1..])).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a+00000000")]
    [InlineData("a+0000000+AQ==")]
    [InlineData("a+0000000G+AQ==")]
    [InlineData("a+ABCDEF00+AQ==")]
    [InlineData("a+00000000+")]
    [InlineData("a+00000000+AQ==")]
    [InlineData("a+00000000+Ag==")]
    [InlineData("+00000000+AQ==")]
    public void A_verifier_key_in_any_other_form_is_refused(string text) =>
        Assert.StartsWith("verifier key", Assert.Throws<EvidenceFormatException>(() => VerifierKey.Parse(text)).Message);

    [Fact]
    public void A_keys_name_has_at_most_255_bytes()
    {
        Assert.Equal(255, new VerifierKey(new string('n', 255), KeyType.Ed25519, new byte[32]).Name.Length);
        Assert.Throws<EvidenceFormatException>(() => new VerifierKey(new string('n', 256), KeyType.Ed25519, new byte[32]));
        Assert.Throws<EvidenceFormatException>(() => new VerifierKey(new string('é', 128), KeyType.MlDsa44, new byte[1312]));
    }

    [Fact]
    public void Any_bytes_as_a_public_key_and_signature_give_an_answer() =>
        Gen.Select(Gen.Byte.Array[32], Gen.Byte.Array[1312], Gen.Byte.Array[2420], Gen.Int[0, 100]).Sample((classical, pq, signature, time) =>
        {
            byte[] timed = [0, 0, 0, 0, 0, 0, 0, (byte)time, .. signature];
            foreach (var key in new[] { new VerifierKey("k", 1, classical), new VerifierKey("k", 4, classical), new VerifierKey("k", 6, pq) })
            {
                var length = key.Type switch { 1 => 64, 4 => 72, _ => 2428 };
                var note = new SignedNote("o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", [new NoteSignature("k", key.KeyId, timed.AsMemory(0, length))]);

                Assert.Equal(NoteCheckResult.Bad, key.Verify(note).Result);
                Assert.Equal(key, VerifierKey.Parse(key.ToString()));
            }
        }, iter: 50);

    /// <summary>C2SP signed-note, "Verifier keys", Example.</summary>
    [Fact]
    public void The_published_signed_note_example_verifies()
    {
        var key = VerifierKey.Parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
        var note = SignedNote.Parse(Encoding.UTF8.GetBytes(
            "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"));

        Assert.Equal(NoteCheckResult.Good, key.Verify(note).Result);
        Assert.Equal(NoteCheckResult.Bad, key.Verify(new SignedNote("This is an example massage.\n", note.Signatures)).Result);
    }

    /// <summary>The key pair and the note in the documentation of golang.org/x/mod/sumdb/note, where the vkey format began.</summary>
    [Fact]
    public void The_go_note_packages_example_key_and_note_verify()
    {
        using var signer = CheckpointSigner.ParsePrivate("PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz");
        var note = SignedNote.Parse(Encoding.UTF8.GetBytes(
            "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
            + "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"));

        Assert.Equal("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", signer.VerifierKey.ToString());
        Assert.Equal(NoteCheckResult.Good, signer.VerifierKey.Verify(note).Result);
    }

    /// <summary>
    /// C2SP CCTV, ML-DSA/accumulated, 100 iterations of ML-DSA-44: keys from seeds and deterministic signatures of nothing,
    /// with the same library and settings that checkpoints are signed with.
    /// </summary>
    [Fact]
    public void Ml_dsa_44_makes_the_published_accumulated_value()
    {
        var (seeds, all) = (new ShakeDigest(128), new ShakeDigest(128));
        var (seed, result) = (new byte[32], new byte[32]);
        for (var i = 0; i < 100; i++)
        {
            seeds.Output(seed, 0, seed.Length);
            using var signer = CheckpointSigner.FromSeed(KeyType.MlDsa44, "k", seed);
            all.BlockUpdate(signer.VerifierKey.PublicKey.Span);
            var raw = new MLDsaSigner(MLDsaParameters.ml_dsa_44, deterministic: true);
            raw.Init(true, MLDsaPrivateKeyParameters.FromSeed(MLDsaParameters.ml_dsa_44, seed));
            all.BlockUpdate(raw.GenerateSignature());
        }

        all.OutputFinal(result, 0, result.Length);

        Assert.Equal("d51148e1f9f4fa1a723a6cf42e25f2a99eb5c1b378b3d2dbbd561b1203beeae4", Convert.ToHexStringLower(result));
    }
}
