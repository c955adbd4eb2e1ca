using System.Text;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Tests.Checkpoints;
using Cairn.Evidence.Tests.Vectors;

namespace Cairn.Evidence.Tests.Trust;

/// <summary>Makes docs/spec/vectors/trust-policy.</summary>
public class TrustVectors
{
    /// <summary>A self-signed P-256 certificate made once for these vectors; its private key was thrown away.</summary>
    private const string RootCertificate =
        "MIIBxTCCAWugAwIBAgIUIqbSci+KohiiKp+TxeypDHapnUowCgYIKoZIzj0EAwIwLzEtMCsGA1UEAwwkZXhhbXBsZS5vcmcgdGVzdCByb290ICh2ZWN0b3JzIG9ubHkpMCAXDTI2MTEyNDA0MjgzOFoYDzIx"
        + "MjYxMDMxMDQyODM4WjAvMS0wKwYDVQQDDCRleGFtcGxlLm9yZyB0ZXN0IHJvb3QgKHZlY3RvcnMgb25seSkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASST4YAkldmF9TH49kgYGJaBLKQcBSXEbgt222I"
        + "oo2H7AY0uVrD8dQ4ao+iUR5sxeOJwnfDWca3TScF/tiG0ILto2MwYTAdBgNVHQ4EFgQUFFQtXBaV7qlBOHymhlEwwkphZUcwHwYDVR0jBBgwFoAUFFQtXBaV7qlBOHymhlEwwkphZUcwDwYDVR0TAQH/BAUw"
        + "AwEB/zAOBgNVHQ8BAf8EBAMCAQYwCgYIKoZIzj0EAwIDSAAwRQIhAL1fgnpmrzy3Ci8ab+0i+nJQkWIwz7hQ5YAbtBAG5bQrAiA4sSL2ByYDC2y2McyNLr4H88ElrNG0/9g4vPNJiqA+pg==";

    private static readonly Checkpoint Head = new(TestKeys.Origin, 70_000, Digest.Sha256("root"u8));

    /// <summary>The SubjectPublicKeyInfo (RFC 8410) of the Ed25519 key whose seed is 32 bytes 0x06.</summary>
    private static readonly byte[] Spki = [.. Convert.FromHexString("302a300506032b6570032100"), .. TestKeys.Stranger.VerifierKey.PublicKey.Span];

    private static string Logs => $"log {TestKeys.Log.VerifierKey}\nlog {TestKeys.LogMlDsa.VerifierKey}\n";

    private static string Witnesses =>
        $"witness A {TestKeys.WitnessA.VerifierKey}\nwitness B {TestKeys.WitnessB.VerifierKey} https://witness-b.example/\nwitness C {TestKeys.WitnessC.VerifierKey}\n";

    [Fact]
    public void Committed_trust_policy_vectors_are_what_this_code_makes()
    {
        var damaged = new SignedNote(Head.Body, [.. TestKeys.Sign(Head, TestKeys.Log, TestKeys.LogMlDsa).Signatures, TestKeys.WitnessA.Sign(Head with { Size = 1 }, TestKeys.Time)]);
        var files = new Dictionary<string, byte[]>
        {
            ["log-only.policy"] = Text($"{Logs}quorum none\n"),
            ["two-of-three.policy"] = Text($"# two of three witnesses\n{Logs}\n{Witnesses}group W 2 A B C\nquorum W\n"),
            ["nested.policy"] = Text($"{Logs}{Witnesses}group either\tany  A B\n  group both all either C\nquorum both\n"),
            ["one-log-key.policy"] = Text($"log {TestKeys.Log.VerifierKey}\nquorum none\n"),
            ["ml-dsa-only.policy"] = Text($"log {TestKeys.LogMlDsa.VerifierKey}\nquorum none\n"),
            ["stranger.policy"] = Text($"log {TestKeys.Stranger.VerifierKey}\nquorum none\n"),
            ["retired.policy"] = Text($"log {TestKeys.Stranger.VerifierKey}\nlog {TestKeys.LogMlDsa.VerifierKey}\nretired {TestKeys.Log.VerifierKey} 70000\nquorum none\n"),
            ["retired-before.policy"] = Text($"log {TestKeys.Stranger.VerifierKey}\nlog {TestKeys.LogMlDsa.VerifierKey}\nretired {TestKeys.Log.VerifierKey} 69999\nquorum none\n"),
            ["emitters.policy"] = Text($"{Logs}quorum none\ntrustdomain example.org {RootCertificate}\nemitter agent spiffe://example.org/*\nemitter gateway spiffe://example.org/gateway/*\n"
                + $"emitter operator spiffe://example.org/gateway/x\nemitter importer spiffe://example.org/importer/cloudtrail {Convert.ToBase64String(Spki)}\n"),
            ["log.txt"] = TestKeys.Sign(Head, TestKeys.Log).Encode(),
            ["log-both.txt"] = TestKeys.Sign(Head, TestKeys.Log, TestKeys.LogMlDsa).Encode(),
            ["log-next.txt"] = TestKeys.Sign(Head, TestKeys.Stranger, TestKeys.LogMlDsa).Encode(),
            ["log-next-and-old.txt"] = TestKeys.Sign(Head, TestKeys.Stranger, TestKeys.LogMlDsa, TestKeys.Log).Encode(),
            ["log-both-A.txt"] = TestKeys.Sign(Head, TestKeys.Log, TestKeys.LogMlDsa, TestKeys.WitnessA).Encode(),
            ["log-both-A-B.txt"] = TestKeys.Sign(Head, TestKeys.Log, TestKeys.LogMlDsa, TestKeys.WitnessA, TestKeys.WitnessB).Encode(),
            ["log-both-A-C.txt"] = TestKeys.Sign(Head, TestKeys.Log, TestKeys.LogMlDsa, TestKeys.WitnessA, TestKeys.WitnessC).Encode(),
            ["log-both-A-damaged.txt"] = damaged.Encode(),
            ["log-both-extension.txt"] = new SignedNote((Head with { Extensions = ["x"] }).Body,
                [TestKeys.Log.Sign(Head with { Extensions = ["x"] }, TestKeys.Time), TestKeys.LogMlDsa.Sign(Head, TestKeys.Time)]).Encode(),
        };
        files["verify.json"] = VectorFiles.Encode(new { Cases = Verdicts() });
        files["emitters.json"] = VectorFiles.Encode(new { Policy = "emitters.policy", Cases = Emitters() });
        files["malformed.json"] = VectorFiles.Encode(new { Cases = Malformed() });

        VectorFiles.AssertCommitted("trust-policy", files);
    }

    private static object[] Verdicts() =>
    [
        Verdict("log-only", "log-both", true),
        Verdict("log-only", "log", false),
        Verdict("log-only", "log-both-A", true),
        Verdict("log-only", "log-both-extension", true),
        Verdict("one-log-key", "log", true),
        Verdict("ml-dsa-only", "log", false),
        Verdict("ml-dsa-only", "log-both", true),
        Verdict("ml-dsa-only", "log-both-extension", false),
        Verdict("stranger", "log", false),
        Verdict("two-of-three", "log-both", false),
        Verdict("two-of-three", "log-both-A", false, "A"),
        Verdict("two-of-three", "log-both-A-B", true, "A", "B"),
        Verdict("two-of-three", "log-both-A-C", true, "A", "C"),
        Verdict("two-of-three", "log-both-A-damaged", false),
        Verdict("nested", "log-both-A-B", false, "A", "B"),
        Verdict("nested", "log-both-A-C", true, "A", "C"),
        Verdict("retired", "log-both", true),
        Verdict("retired", "log", false),
        Verdict("retired", "log-next", false),
        Verdict("retired", "log-next-and-old", true),
        Verdict("retired-before", "log-both", false),
        Verdict("retired-before", "log-next", true),
        Verdict("retired-before", "log-next-and-old", false),
    ];

    private static object Verdict(string policy, string note, bool accepted, params string[] witnesses) =>
        new { Policy = $"{policy}.policy", Note = $"{note}.txt", Accepted = accepted, Witnesses = witnesses };

    private static object[] Emitters()
    {
        var kid = Digest.Sha256(Spki).ToString();
        return
        [
            new { Issuer = "spiffe://example.org/agent/billing", Role = "agent" },
            new { Issuer = "spiffe://example.org/gateway/mcp", Role = "gateway" },
            new { Issuer = "spiffe://example.org/gateway/x", Role = "operator" },
            new { Issuer = "spiffe://example.org/gateway", Role = "agent" },
            new { Issuer = "spiffe://example.org", Role = (string?)null },
            new { Issuer = "spiffe://example.com/agent/billing", Role = (string?)null },
            new { Issuer = "spiffe://example.org/importer/cloudtrail", Kid = kid, Role = "importer" },
            new { Issuer = "spiffe://example.org/importer/cloudtrail", Kid = Digest.Sha256([]).ToString(), Role = (string?)null },
            new { Issuer = "spiffe://example.org/agent/billing", Kid = kid, Role = (string?)null },
            new { Issuer = "spiffe://example.org/importer/cloudtrail", Role = "agent" },
        ];
    }

    private static object[] Malformed() =>
    [
        Case("no quorum", ""), Case("two quorums", "quorum none\nquorum none\n"), Case("quorum of a later name", "quorum W\ngroup W any A\n"),
        Case("quorum of two names", "quorum A B\n"), Case("threshold above the members", "group W 2 A\nquorum W\n"), Case("threshold zero", "group W 0 A\nquorum W\n"),
        Case("threshold with a leading zero", "group W 01 A\nquorum W\n"), Case("group without members", "group W all\nquorum W\n"),
        Case("member none", "group W any none\nquorum W\n"), Case("member twice", "group W any A A\nquorum W\n"), Case("member of two groups", "group V any A\ngroup W any A\nquorum W\n"),
        Case("name defined twice", "group A any B\nquorum A\n"), Case("group named none", "group none any A\nquorum none\n"), Case("unknown line", "mirror A\nquorum none\n"),
        Case("upper-case keyword", "Quorum none\n"), Case("carriage return", "quorum none\r\n"), Case("no-break space", "quorum\u00a0none\n"),
        Case("witness key of a log's type", $"witness D {TestKeys.Stranger.VerifierKey}\nquorum none\n"), Case("log key of a witness's type", $"log {Fresh.VerifierKey}\nquorum none\n"),
        Case("one key twice", $"witness D {TestKeys.WitnessA.VerifierKey}\nquorum none\n"), Case("trust domain with a path", $"quorum none\ntrustdomain example.org/a {RootCertificate}\n"),
        Case("root that is no certificate", "quorum none\ntrustdomain example.org AAAA\n"), Case("root with two algorithms for one signature", $"quorum none\ntrustdomain example.org {TwoAlgorithms}\n"), Case("unknown role", "quorum none\nemitter boss spiffe://example.org/a\n"),
        Case("star inside a segment", "quorum none\nemitter agent spiffe://example.org/a*\n"), Case("key that is no SubjectPublicKeyInfo", "quorum none\nemitter agent spiffe://example.org/a AAAA\n"),
        Case("retired without a size", $"retired {TestKeys.Stranger.VerifierKey}\nquorum none\n"), Case("retired up to no number", $"retired {TestKeys.Stranger.VerifierKey} all\nquorum none\n"),
        Case("retired up to more than 63 bits", $"retired {TestKeys.Stranger.VerifierKey} 9223372036854775808\nquorum none\n"),
        Case("retired with a leading zero", $"retired {TestKeys.Stranger.VerifierKey} 01\nquorum none\n"), Case("retired and in force", $"retired {TestKeys.Log.VerifierKey} 5\nquorum none\n"),
        Case("retired key of a witness's type", $"retired {Fresh.VerifierKey} 5\nquorum none\n"),
        Case("two rules for one pattern", "quorum none\nemitter agent spiffe://example.org/a\nemitter gateway spiffe://example.org/a\n"),
    ];

    /// <summary>The root, in whose signed part ecdsa-with-SHA256 became ecdsa-with-SHA384 (RFC 5280 §4.1.1.2).</summary>
    private static string TwoAlgorithms
    {
        get
        {
            var der = Convert.FromBase64String(RootCertificate);
            byte[] sha256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
            der[der.AsSpan().IndexOf(sha256) + sha256.Length - 1] = 0x03;
            return Convert.ToBase64String(der);
        }
    }

    private static object Case(string name, string lines) => new { Name = name, Policy = $"log {TestKeys.Log.VerifierKey}\n{Witnesses}{lines}" };

    private static CheckpointSigner Fresh => CheckpointSigner.FromSeed(KeyType.CosignatureEd25519, "fresh.example", TestKeys.Seed(0x07));

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);
}
