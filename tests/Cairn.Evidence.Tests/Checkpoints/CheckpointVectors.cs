using System.Text;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Tests.Vectors;

namespace Cairn.Evidence.Tests.Checkpoints;

/// <summary>Makes docs/spec/vectors/checkpoints.</summary>
public class CheckpointVectors
{
    private const string Zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    /// <summary>C2SP signed-note, "Verifier keys", Example; and the documentation of golang.org/x/mod/sumdb/note.</summary>
    private const string C2spNote = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    private static readonly Checkpoint Head = new(TestKeys.Origin, 70_000, Digest.Sha256("root"u8));

    [Fact]
    public void Committed_checkpoint_vectors_are_what_this_code_makes()
    {
        var extended = Head with { Extensions = ["an extension line", "and another"] };
        var grease = new NoteSignature("grease.example/unknown", 0x00000007, Encoding.UTF8.GetBytes("no signature at all"));
        var notes = new Dictionary<string, SignedNote>
        {
            ["two-log-signatures.txt"] = TestKeys.Sign(Head, TestKeys.Log, TestKeys.LogMlDsa),
            ["cosigned.txt"] = TestKeys.Sign(Head, TestKeys.Log, TestKeys.LogMlDsa, TestKeys.WitnessA, TestKeys.WitnessB, TestKeys.WitnessC),
            ["unknown-signatures.txt"] = new SignedNote(Head.Body, [grease, .. TestKeys.Sign(Head, TestKeys.Stranger, TestKeys.Log).Signatures]),
            ["extension-lines.txt"] = TestKeys.Sign(extended, TestKeys.Log, TestKeys.LogMlDsa, TestKeys.WitnessA),
            ["other-size.txt"] = new SignedNote((Head with { Size = 70_001 }).Body, TestKeys.Sign(Head, TestKeys.Log, TestKeys.LogMlDsa, TestKeys.WitnessA).Signatures),
            ["c2sp-example.txt"] = SignedNote.Parse(Encoding.UTF8.GetBytes(C2spNote)),
        };
        var files = notes.ToDictionary(note => note.Key, note => note.Value.Encode());
        files["keys.json"] = VectorFiles.Encode(new
        {
            Warning = "Test keys: the seeds are published. Never trust them.",
            Keys = TestKeys.All.Select(key => new
            {
                Name = key.Key,
                Type = $"0x{key.Value.VerifierKey.Type:x2}",
                KeyName = key.Value.VerifierKey.Name,
                KeyId = $"{key.Value.VerifierKey.KeyId:x8}",
                Private = key.Value.ExportPrivate(),
                Verifier = key.Value.VerifierKey.ToString(),
            }),
        });
        files["messages.json"] = VectorFiles.Encode(new { Checkpoint = Head.Body, Messages = Messages() });
        files["verify.json"] = VectorFiles.Encode(new { Cases = notes.Where(note => note.Key != "c2sp-example.txt").SelectMany(Verdicts).Append(C2spCase) });
        files["malformed.json"] = VectorFiles.Encode(new { Notes = MalformedNotes(), Checkpoints = MalformedCheckpoints(), VerifierKeys = MalformedKeys });

        VectorFiles.AssertCommitted("checkpoints", files);
    }

    private static object C2spCase => new
    {
        Note = "c2sp-example.txt",
        Verifier = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        Result = "good",
    };

    /// <summary>By construction: who signed which note, and the one note whose body is not what was signed.</summary>
    private static IEnumerable<object> Verdicts(KeyValuePair<string, SignedNote> note)
    {
        foreach (var (name, signer) in TestKeys.All)
        {
            var at = note.Value.Signatures.ToList().FindIndex(signature => signature.Name == signer.VerifierKey.Name && signature.KeyId == signer.VerifierKey.KeyId);
            var good = at >= 0 && note.Key != "other-size.txt";
            yield return new
            {
                Note = note.Key,
                Key = name,
                Result = at < 0 ? "absent" : good ? "good" : "bad",
                Time = good && signer.VerifierKey.Type != KeyType.Ed25519 ? (long?)(TestKeys.Time.ToUnixTimeSeconds() + (60 * at)) : null,
            };
        }
    }

    private static IEnumerable<object> Messages()
    {
        foreach (var (name, signer) in TestKeys.All.Where(key => key.Key is "log" or "witness_a" or "log_ml_dsa"))
        {
            var message = CosignedMessage.For(signer.VerifierKey.Type, signer.VerifierKey.Name, Head, Head.Body, 1_790_000_000);
            yield return new
            {
                Key = name,
                Time = signer.VerifierKey.Type == KeyType.Ed25519 ? (int?)null : 1_790_000_000,
                Message = Convert.ToHexStringLower(message),
                Signature = Convert.ToHexStringLower(signer.Sign(Head, TestKeys.Time).Bytes.Span),
            };
        }
    }

    private static IEnumerable<object> MalformedNotes()
    {
        yield return Case("no empty line", "a\n");
        yield return Case("no signature line", "a\n\n");
        yield return Case("last line without newline", "a\n\n— k AAAAAQI=");
        yield return Case("hyphen in place of the em dash", "a\n\n- k AAAAAQI=\n");
        yield return Case("two spaces", "a\n\n—  k AAAAAQI=\n");
        yield return Case("trailing space", "a\n\n— k AAAAAQI= \n");
        yield return Case("text after the signatures", "a\n\n— k AAAAAQI=\nx\n");
        yield return Case("base64 with a used spare bit", "a\n\n— k AAAAAQJ=\n");
        yield return Case("base64 without padding", "a\n\n— k AAAAAQI\n");
        yield return Case("base64 of the URL alphabet", "a\n\n— k AAAAAQ-_\n");
        yield return Case("key id without signature", "a\n\n— k AAAAAQ==\n");
        yield return Case("plus sign in the name", "a\n\n— k+ AAAAAQI=\n");
        yield return Case("ideographic space in the name", "a\n\n— k\u3000k AAAAAQI=\n");
        yield return Case("carriage return", "a\r\n\n— k AAAAAQI=\n");
        yield return Case("tab in the text", "a\tb\n\n— k AAAAAQI=\n");
        yield return new { Name = "invalid UTF-8", NoteHex = Convert.ToHexStringLower([0x61, 0xff, .. "\n\n— k AAAAAQI=\n"u8]) };

        static object Case(string name, string note) => new { Name = name, NoteHex = Convert.ToHexStringLower(Encoding.UTF8.GetBytes(note)) };
    }

    private static object[] MalformedCheckpoints() =>
    [
        new { Name = "two lines", Body = "o\n1\n" },
        new { Name = "no final newline", Body = $"o\n1\n{Zeros}" },
        new { Name = "empty origin", Body = $"\n1\n{Zeros}\n" },
        new { Name = "origin of 256 bytes", Body = $"{new string('o', 256)}\n1\n{Zeros}\n" },
        new { Name = "leading zero", Body = $"o\n01\n{Zeros}\n" },
        new { Name = "signed size", Body = $"o\n+1\n{Zeros}\n" },
        new { Name = "size of 2^63", Body = $"o\n9223372036854775808\n{Zeros}\n" },
        new { Name = "hexadecimal root", Body = $"o\n1\n{Digest.Sha256([])}\n" },
        new { Name = "root of 31 bytes", Body = $"o\n1\n{Convert.ToBase64String(new byte[31])}\n" },
        new { Name = "root with a used spare bit", Body = $"o\n1\n{Zeros[..^2]}B=\n" },
        new { Name = "size 0 with another root", Body = $"o\n0\n{Zeros}\n" },
        new { Name = "empty extension line", Body = $"o\n1\n{Zeros}\nx\n\n" },
    ];

    private static object[] MalformedKeys =>
    [
        new { Name = "another name's key id", Key = TestKeys.WitnessA.VerifierKey.ToString().Replace("witness-a", "witness-x") },
        new { Name = "upper-case key id", Key = "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k" },
        new { Name = "unknown type", Key = "a+00000000+fwAA" },
        new { Name = "key too short", Key = "a+00000000+AQAA" },
        new { Name = "no key", Key = "a+00000000+" },
        new { Name = "empty name", Key = "+00000000+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k" },
    ];
}
