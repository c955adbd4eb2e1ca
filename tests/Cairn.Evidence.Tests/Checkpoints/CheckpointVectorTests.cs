using System.Text.Json;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Tests.Vectors;

namespace Cairn.Evidence.Tests.Checkpoints;

/// <summary>Reads docs/spec/vectors/checkpoints as another verifier would.</summary>
public class CheckpointVectorTests
{
    private static readonly Dictionary<string, JsonElement> Keys =
        VectorFiles.Json("checkpoints/keys.json").GetProperty("keys").EnumerateArray().ToDictionary(key => Text(key, "name"));

    [Fact]
    public void Private_keys_have_the_verifier_keys_that_the_vectors_say() => Assert.All(Keys.Values, key =>
    {
        using var signer = CheckpointSigner.ParsePrivate(Text(key, "private"));
        var verifier = VerifierKey.Parse(Text(key, "verifier"));

        Assert.Equal(verifier, signer.VerifierKey);
        Assert.Equal((Text(key, "type"), Text(key, "key_name"), Text(key, "key_id")), ($"0x{verifier.Type:x2}", verifier.Name, $"{verifier.KeyId:x8}"));
    });

    [Fact]
    public void Signatures_are_judged_as_the_vectors_say() =>
        Assert.All(VectorFiles.Json("checkpoints/verify.json").GetProperty("cases").EnumerateArray(), item =>
        {
            var note = SignedNote.Parse(VectorFiles.Bytes($"checkpoints/{Text(item, "note")}"));
            var key = VerifierKey.Parse(item.TryGetProperty("key", out var name) ? Text(Keys[name.GetString()!], "verifier") : Text(item, "verifier"));
            var check = key.Verify(note);

            Assert.Equal(Text(item, "result"), check.Result.ToString().ToLowerInvariant());
            Assert.Equal(item.TryGetProperty("time", out var time) ? time.GetInt64() : null, check.Time?.ToUnixTimeSeconds());
        });

    [Fact]
    public void Messages_are_signed_as_the_vectors_say()
    {
        var json = VectorFiles.Json("checkpoints/messages.json");
        var checkpoint = Checkpoint.ParseBody(Text(json, "checkpoint"));
        foreach (var item in json.GetProperty("messages").EnumerateArray())
        {
            using var signer = CheckpointSigner.ParsePrivate(Text(Keys[Text(item, "key")], "private"));
            var seconds = item.TryGetProperty("time", out var time) ? time.GetInt64() : 0;

            Assert.Equal(Text(item, "message"), Convert.ToHexStringLower(CosignedMessage.For(signer.VerifierKey.Type, signer.VerifierKey.Name, checkpoint, checkpoint.Body, (ulong)seconds)));
            Assert.Equal(Text(item, "signature"), Convert.ToHexStringLower(signer.Sign(checkpoint, DateTimeOffset.FromUnixTimeSeconds(seconds)).Bytes.Span));
        }
    }

    [Fact]
    public void Malformed_notes_checkpoints_and_keys_are_refused()
    {
        var json = VectorFiles.Json("checkpoints/malformed.json");

        Assert.All(json.GetProperty("notes").EnumerateArray(), item =>
            Assert.Throws<EvidenceFormatException>(() => SignedNote.Parse(Convert.FromHexString(Text(item, "note_hex")))));
        Assert.All(json.GetProperty("checkpoints").EnumerateArray(), item =>
            Assert.Throws<EvidenceFormatException>(() => Checkpoint.ParseBody(Text(item, "body"))));
        Assert.All(json.GetProperty("verifier_keys").EnumerateArray(), item =>
            Assert.Throws<EvidenceFormatException>(() => VerifierKey.Parse(Text(item, "key"))));
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;
}
