using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Tests.Trust;

public class PolicyTests
{
    private const string Origin = "example.org/log";
    private static readonly CheckpointSigner Log = CheckpointSigner.Generate(KeyType.Ed25519, Origin);
    private static readonly CheckpointSigner LogPostQuantum = CheckpointSigner.Generate(KeyType.MlDsa44, Origin);
    private static readonly CheckpointSigner[] Witnesses = [.. "abc".Select(c => CheckpointSigner.Generate(KeyType.CosignatureEd25519, $"witness.example/{c}"))];
    private static readonly Checkpoint Head = new(Origin, 3, Digest.Sha256([3]));

    private static SignedNote Note(params CheckpointSigner[] signers) =>
        new(Head.Body, [.. signers.Select(signer => signer.Sign(Head, DateTimeOffset.UnixEpoch.AddYears(60)))]);

    private static string WitnessLines => string.Concat(Witnesses.Select((witness, i) => $"witness w{i} {witness.VerifierKey}\n"));

    [Theory]
    [InlineData("quorum none", 0, true)]
    [InlineData("quorum w0", 0, false)]
    [InlineData("quorum w0", 1, true)]
    [InlineData("group g all w0 w1 w2\nquorum g", 2, false)]
    [InlineData("group g all w0 w1 w2\nquorum g", 3, true)]
    [InlineData("group g 2 w0 w1 w2\nquorum g", 1, false)]
    [InlineData("group g 2 w0 w1 w2\nquorum g", 2, true)]
    [InlineData("group inner any w1 w2\ngroup g all w0 inner\nquorum g", 1, false)]
    [InlineData("group inner any w1 w2\ngroup g all w0 inner\nquorum g", 2, true)]
    public void A_quorum_is_met_by_enough_cosignatures_only(string lines, int cosigned, bool accepted)
    {
        var policy = LogPolicy.Parse($"log {Log.VerifierKey}\n{WitnessLines}{lines}\n");

        var verdict = policy.Check(Note([Log, .. Witnesses[..cosigned]]));

        Assert.Equal(accepted, verdict.Accepted);
        Assert.Equal(cosigned, verdict.Witnesses.Count);
    }

    [Fact]
    public void Every_log_key_of_the_origin_must_have_signed()
    {
        var policy = LogPolicy.Parse($"log {Log.VerifierKey}\nlog {LogPostQuantum.VerifierKey}\nquorum none\n");

        Assert.True(policy.Check(Note(Log, LogPostQuantum)).Accepted);
        Assert.Contains("ML-DSA-44", Assert.Single(policy.Check(Note(Log)).Failures));
        Assert.Contains("Ed25519", Assert.Single(policy.Check(Note(LogPostQuantum)).Failures));
    }

    [Fact]
    public void A_known_witness_whose_cosignature_fails_fails_the_note_even_without_a_quorum()
    {
        var policy = LogPolicy.Parse($"log {Log.VerifierKey}\n{WitnessLines}quorum none\n");
        var stale = Witnesses[0].Sign(Head with { Size = 2 }, DateTimeOffset.UnixEpoch);

        Assert.Contains("w0", Assert.Single(policy.Check(Note(Log).With(stale)).Failures));
    }

    [Fact]
    public void Another_logs_checkpoint_is_refused_by_name() =>
        Assert.Contains("names no log example.org/log", LogPolicy.Parse($"log {CheckpointSigner.Generate(KeyType.Ed25519, "other").VerifierKey}\nquorum none").Check(Note(Log)).Failures[0]);

    [Theory]
    [InlineData("", "no quorum line")]
    [InlineData("quorum none\nquorum none", "exactly one")]
    [InlineData("quorum later", "not defined")]
    [InlineData("group g 2 w0\nquorum g", "threshold")]
    [InlineData("group g all w0 w0\nquorum g", "at most once")]
    [InlineData("group g all w0\ngroup h all w0\nquorum h", "at most once")]
    [InlineData("group w0 any w1\nquorum w0", "defined already")]
    [InlineData("nonsense\nquorum none", "expected")]
    [InlineData("log x+y+z\nquorum none", "verifier key")]
    public void A_policy_in_any_other_form_is_refused_with_the_line(string lines, string reason) =>
        Assert.Contains(reason, Assert.Throws<EvidenceFormatException>(() => LogPolicy.Parse($"{WitnessLines}{lines}\n")).Message);

    [Fact]
    public void One_key_under_two_names_is_refused()
    {
        var twin = new VerifierKey("twin", KeyType.CosignatureEd25519, Witnesses[0].VerifierKey.PublicKey);

        Assert.Contains("one key must not speak for two", Assert.Throws<EvidenceFormatException>(() => LogPolicy.Parse($"{WitnessLines}witness twin {twin}\nquorum none")).Message);
    }

    [Fact]
    public void A_trust_policy_survives_its_text_and_the_longest_pattern_decides()
    {
        var policy = TrustPolicy.Parse($"""
            # a comment
            log {Log.VerifierKey}
            quorum none
            emitter agent spiffe://example.org/*
            emitter gateway spiffe://example.org/gateway/*
            emitter importer spiffe://example.org/gateway/cloudtrail
            """);
        var again = TrustPolicy.Parse(policy.Encode());

        Assert.Equal(Assurance.Reported, again.RuleFor(SpiffeId.Parse("spiffe://example.org/agent/a"))!.Assurance);
        Assert.Equal(Assurance.Observed, again.RuleFor(SpiffeId.Parse("spiffe://example.org/gateway/mcp"))!.Assurance);
        Assert.Equal(Assurance.Confirmed, again.RuleFor(SpiffeId.Parse("spiffe://example.org/gateway/cloudtrail"))!.Assurance);
        Assert.Null(again.RuleFor(SpiffeId.Parse("spiffe://example.com/agent/a")));
        Assert.Equal(policy.Encode(), again.Encode());
    }
}
