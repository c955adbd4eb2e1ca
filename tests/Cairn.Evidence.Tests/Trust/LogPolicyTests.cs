using System.Text;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Trust;
using CsCheck;

namespace Cairn.Evidence.Tests.Trust;

public class LogPolicyTests
{
    private const string Origin = "example.org/log";
    private static readonly CheckpointSigner Log = CheckpointSigner.Generate(KeyType.Ed25519, Origin);
    private static readonly CheckpointSigner LogPostQuantum = CheckpointSigner.Generate(KeyType.MlDsa44, Origin);
    private static readonly CheckpointSigner[] Witnesses = [.. "abcdef".Select(c => CheckpointSigner.Generate(KeyType.CosignatureEd25519, $"witness.example/{c}"))];
    private static readonly Checkpoint Head = new(Origin, 3, Digest.Sha256([3]));
    private static readonly DateTimeOffset Time = DateTimeOffset.UnixEpoch.AddYears(60);

    private static string WitnessLines => string.Concat(Witnesses.Select((witness, i) => $"witness w{i} {witness.VerifierKey}\n"));

    [Theory]
    [InlineData("quorum none", 0, true)]
    [InlineData("quorum w0", 0, false)]
    [InlineData("quorum w0", 1, true)]
    [InlineData("quorum w1", 1, false)]
    [InlineData("group g all w0 w1 w2\nquorum g", 2, false)]
    [InlineData("group g all w0 w1 w2\nquorum g", 3, true)]
    [InlineData("group g any w0 w1 w2\nquorum g", 0, false)]
    [InlineData("group g any w0 w1 w2\nquorum g", 1, true)]
    [InlineData("group g 2 w0 w1 w2\nquorum g", 1, false)]
    [InlineData("group g 2 w0 w1 w2\nquorum g", 2, true)]
    [InlineData("group inner any w1 w2\ngroup g all w0 inner\nquorum g", 1, false)]
    [InlineData("group inner any w1 w2\ngroup g all w0 inner\nquorum g", 2, true)]
    [InlineData("\t group  g\tany w0 # w1\n", 1, null)]
    [InlineData("  # quorum w0\n\n \t\nquorum none", 0, true)]
    public void A_quorum_is_met_by_enough_cosignatures_only(string lines, int cosigned, bool? accepted)
    {
        var text = $"log {Log.VerifierKey}\n{WitnessLines}{lines}\n";
        if (accepted is null)
        {
            // A comment is a line of its own: here "#" would be a member.
            Assert.Contains("#", Assert.Throws<EvidenceFormatException>(() => LogPolicy.Parse(text)).Message);
            return;
        }

        var verdict = LogPolicy.Parse(text).Check(Note([Log, .. Witnesses[..cosigned]]));

        Assert.Equal(accepted, verdict.Accepted);
        Assert.Equal(cosigned, verdict.Witnesses.Count);
        Assert.All(verdict.Witnesses, witness => Assert.Equal(Time, witness.Time));
    }

    [Fact]
    public void A_quorum_of_two_levels_of_groups_is_met_as_the_specification_says() =>
        Gen.Select(Gen.Int[0, 63], Gen.Int[1, 3], Gen.Int[1, 3], Gen.Int[1, 2]).Sample((cosigned, x, y, both) =>
        {
            var policy = LogPolicy.Parse($"log {Log.VerifierKey}\n{WitnessLines}group X {x} w0 w1 w2\ngroup Y {y} w3 w4 w5\ngroup X-and-Y {both} X Y\nquorum X-and-Y\n");
            var signers = Witnesses.Where((_, i) => (cosigned >> i & 1) == 1).ToArray();
            var satisfied = (int.PopCount(cosigned & 7) >= x ? 1 : 0) + (int.PopCount(cosigned >> 3) >= y ? 1 : 0);

            Assert.Equal(satisfied >= both, policy.Check(Note([Log, .. signers])).Accepted);
        }, iter: 60);

    [Fact]
    public void Every_log_key_of_the_origin_must_have_signed()
    {
        var policy = LogPolicy.Parse($"log {Log.VerifierKey}\nlog {LogPostQuantum.VerifierKey}\nquorum none\n");

        Assert.Equal([Log.VerifierKey, LogPostQuantum.VerifierKey], policy.Check(Note(Log, LogPostQuantum)).LogKeys);
        Assert.True(policy.Check(Note(Log, LogPostQuantum)).Accepted);
        Assert.Contains("ML-DSA-44", Assert.Single(policy.Check(Note(Log)).Failures));
        Assert.Contains("Ed25519", Assert.Single(policy.Check(Note(LogPostQuantum)).Failures));
    }

    [Fact]
    public void A_witness_is_no_log_and_a_log_no_witness()
    {
        var policy = LogPolicy.Parse($"log {Log.VerifierKey}\n{WitnessLines}quorum w0\n");

        Assert.Contains("no signature by log key", Assert.Single(policy.Check(Note(Witnesses[0])).Failures));
        Assert.Contains("quorum w0 is not met", Assert.Single(policy.Check(Note(Log)).Failures));
    }

    [Fact]
    public void Extension_lines_that_no_log_signature_covers_are_refused()
    {
        var both = LogPolicy.Parse($"log {Log.VerifierKey}\nlog {LogPostQuantum.VerifierKey}\nquorum none\n");
        var postQuantum = LogPolicy.Parse($"log {LogPostQuantum.VerifierKey}\nquorum none\n");
        var extended = Head with { Extensions = ["x"] };
        var note = new SignedNote(extended.Body, [Log.Sign(extended, Time), LogPostQuantum.Sign(Head, Time)]);

        Assert.True(both.Check(note).Accepted);
        Assert.Contains("extension lines", Assert.Single(postQuantum.Check(note).Failures));
    }

    [Fact]
    public void A_known_witness_whose_cosignature_fails_fails_the_note_even_without_a_quorum()
    {
        var policy = LogPolicy.Parse($"log {Log.VerifierKey}\n{WitnessLines}quorum none\n");
        var stale = Witnesses[0].Sign(Head with { Size = 2 }, DateTimeOffset.UnixEpoch);

        Assert.Contains("w0", Assert.Single(policy.Check(Note(Log).With(stale)).Failures));
    }

    [Fact]
    public void A_known_key_of_another_log_whose_signature_fails_fails_the_note()
    {
        using var other = CheckpointSigner.Generate(KeyType.Ed25519, "example.org/other");
        var policy = LogPolicy.Parse($"log {Log.VerifierKey}\nlog {other.VerifierKey}\nquorum none\n");

        Assert.True(policy.Check(Note(Log)).Accepted);
        Assert.True(policy.Check(Note(Log, other)).Accepted);
        Assert.Contains("example.org/other", Assert.Single(policy.Check(Note(Log).With(other.Sign(Head with { Size = 1 }, Time))).Failures));
    }

    [Fact]
    public void Another_logs_checkpoint_is_refused_by_name()
    {
        using var other = CheckpointSigner.Generate(KeyType.Ed25519, "other");

        Assert.Contains("names no log example.org/log", LogPolicy.Parse($"log {other.VerifierKey}\nquorum none").Check(Note(Log, other)).Failures[0]);
        Assert.Contains("it names none", LogPolicy.Parse("quorum none").Check(Note(Log)).Failures[0]);
    }

    [Theory]
    [InlineData("", "no quorum line")]
    [InlineData("quorum none\nquorum none", "exactly one")]
    [InlineData("quorum later", "not defined")]
    [InlineData("quorum g\ngroup g any w0", "not defined")]
    [InlineData("quorum", "expected")]
    [InlineData("quorum w0 w1", "expected")]
    [InlineData("group g 2 w0\nquorum g", "threshold")]
    [InlineData("group g 0 w0\nquorum g", "threshold")]
    [InlineData("group g 01 w0\nquorum g", "threshold")]
    [InlineData("group g -1 w0\nquorum g", "threshold")]
    [InlineData("group g All w0\nquorum g", "threshold")]
    [InlineData("group g 99999999999999999999 w0\nquorum g", "threshold")]
    [InlineData("group g all\nquorum g", "expected")]
    [InlineData("group g all g\nquorum g", "not defined")]
    [InlineData("group g any none\nquorum g", "not defined")]
    [InlineData("group none any w0\nquorum none", "cannot be a name")]
    [InlineData("group g all w0 w0\nquorum g", "at most once")]
    [InlineData("group g all w0\ngroup h all w0\nquorum h", "at most once")]
    [InlineData("group w0 any w1\nquorum w0", "defined already")]
    [InlineData("nonsense\nquorum none", "expected")]
    [InlineData("Quorum none", "expected")]
    [InlineData("log x+y+z\nquorum none", "verifier key")]
    [InlineData("quorum none\r", "control character U+000D")]
    [InlineData("quorum\u000bnone", "control character")]
    [InlineData("# a comment with \u007f\nquorum none", "control character U+007F")]
    [InlineData("quorum\u00a0none", "expected")]
    public void A_policy_in_any_other_form_is_refused_with_the_line(string lines, string reason) =>
        Assert.Contains(reason, Assert.Throws<EvidenceFormatException>(() => LogPolicy.Parse($"{WitnessLines}{lines}\n")).Message);

    [Fact]
    public void Keys_play_only_their_own_part()
    {
        Assert.Contains("a log's key", Assert.Throws<EvidenceFormatException>(() => LogPolicy.Parse($"log {Witnesses[0].VerifierKey}\nquorum none")).Message);
        Assert.Contains("a witness's key", Assert.Throws<EvidenceFormatException>(() => LogPolicy.Parse($"witness w {Log.VerifierKey}\nquorum none")).Message);
        Assert.Single(LogPolicy.Parse($"witness w {LogPostQuantum.VerifierKey} https://w.example/\nquorum w").Witnesses);
    }

    [Theory]
    [InlineData("witness twin")]
    [InlineData("log")]
    public void One_key_under_two_names_is_refused(string words)
    {
        var type = words == "log" ? KeyType.Ed25519 : KeyType.CosignatureEd25519;
        var twin = new VerifierKey("twin", type, Witnesses[0].VerifierKey.PublicKey);

        Assert.Contains("one key must not speak for two", Assert.Throws<EvidenceFormatException>(() => LogPolicy.Parse($"{WitnessLines}{words} {twin}\nquorum none")).Message);
    }

    [Fact]
    public void Hundreds_of_logs_witnesses_and_groups_are_read()
    {
        var text = new StringBuilder();
        for (var i = 0; i < 200; i++)
        {
            var key = BitConverter.GetBytes(i).Concat(new byte[28]).ToArray();
            text.Append($"log {new VerifierKey($"log{i}", 1, key)} https://log{i}.example/\n");
            byte[] other = [.. key[..31], 1];
            text.Append($"witness w{i} {new VerifierKey($"witness{i}", 4, other)}\n");
            text.Append($"group g{i} any w{i}\n");
        }

        var policy = LogPolicy.Parse(text.Append("quorum g199\n").ToString());

        Assert.Equal([200, 200, 200], [policy.Logs.Count, policy.Witnesses.Count, policy.Groups.Count]);
    }

    [Fact]
    public void A_hundred_thousand_nested_groups_are_decided_without_a_deep_stack()
    {
        var text = new StringBuilder($"log {Log.VerifierKey}\nwitness w {Witnesses[0].VerifierKey}\ngroup g0 any w\n");
        for (var i = 1; i < 100_000; i++)
        {
            text.Append($"group g{i} all g{i - 1}\n");
        }

        var policy = LogPolicy.Parse(text.Append("quorum g99999\n").ToString());

        Assert.True(policy.Check(Note(Log, Witnesses[0])).Accepted);
        Assert.False(policy.Check(Note(Log)).Accepted);
    }

    [Fact]
    public void Names_are_octets_and_not_characters()
    {
        // The specification's own example: "K" and the Kelvin sign. Then two names that are not UTF-8 at all.
        byte[] octets =
        [
            .. Encoding.UTF8.GetBytes($"log {Log.VerifierKey}\nwitness K {Witnesses[0].VerifierKey}\nwitness \u212a {Witnesses[1].VerifierKey}\n"),
            .. "witness "u8, 0xff, .. Encoding.UTF8.GetBytes($" {Witnesses[2].VerifierKey}\n"),
            .. "witness "u8, 0xfe, .. Encoding.UTF8.GetBytes($" {Witnesses[3].VerifierKey}\nquorum "), 0xfe, .. "\n"u8,
        ];
        var policy = LogPolicy.Parse(octets);

        Assert.True(policy.Check(Note(Log, Witnesses[3])).Accepted);
        Assert.False(policy.Check(Note(Log, Witnesses[0], Witnesses[1], Witnesses[2])).Accepted);
    }

    [Fact]
    public void Any_octets_are_either_a_policy_or_refused() =>
        Gen.OneOf(Gen.Byte.Array[0, 60], Gen.String[Gen.Char["quormnelgpws 012\n\t#"], 0, 80].Select(Encoding.UTF8.GetBytes)).Sample(octets =>
        {
            try
            {
                Assert.Null(LogPolicy.Parse([.. octets, .. "\nquorum none\n"u8]).Quorum);
            }
            catch (EvidenceFormatException problem)
            {
                Assert.StartsWith("policy", problem.Message);
            }
        });

    private static SignedNote Note(params CheckpointSigner[] signers) =>
        new(Head.Body, [.. signers.Select(signer => signer.Sign(Head, Time))]);
}
