using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Receipts;
using Cairn.Evidence.Tests.Checkpoints;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Tests.Receipts;

public class TransparentStatementTests
{
    private static readonly LogPolicy Both = LogPolicy.Parse($"log {TestKeys.Log.VerifierKey}\nlog {TestKeys.LogMlDsa.VerifierKey}\nquorum none\n");
    private static readonly LogPolicy Witnessed = LogPolicy.Parse(
        $"log {TestKeys.Log.VerifierKey}\nlog {TestKeys.LogMlDsa.VerifierKey}\nwitness a {TestKeys.WitnessA.VerifierKey}\nquorum a\n");

    [Fact]
    public void Receipts_come_off_again_and_leave_the_ledgers_entry()
    {
        var bytes = ReceiptBench.Transparent().Encode();
        var transparent = TransparentStatement.Decode(bytes);

        Assert.Equal(ReceiptBench.Statement.Bytes.ToArray(), transparent.Statement.Bytes.ToArray());
        Assert.Equal(2, transparent.Receipts.Count);
        Assert.Equal(bytes, transparent.Encode());
    }

    [Fact]
    public void A_statement_without_receipts_is_not_transparent() =>
        Assert.Contains("receipts (394)", Assert.Throws<EvidenceFormatException>(() => TransparentStatement.Decode(ReceiptBench.Statement.Bytes)).Message, StringComparison.Ordinal);

    [Fact]
    public void Receipts_by_each_of_the_logs_keys_are_accepted()
    {
        var verdict = ReceiptCheck.Run(ReceiptBench.Statement, ReceiptBench.Transparent().Receipts, Both);

        Assert.Empty(verdict.Failures);
        Assert.Equal((2, (long?)ReceiptBench.At, ReceiptBench.Head), (verdict.Keys.Count, verdict.Index, verdict.Head!.Value));
    }

    [Fact]
    public void Leaving_out_one_of_the_logs_algorithms_is_refused() =>
        AssertRefused("ML-DSA-44", [ReceiptBench.Inclusion(TestKeys.Log)]);

    [Fact]
    public void A_quorum_must_be_shown_by_the_cosigned_checkpoint_of_the_same_tree()
    {
        var receipts = ReceiptBench.Transparent().Receipts;
        Assert.Contains("carries no cosignatures", Assert.Single(ReceiptCheck.Run(ReceiptBench.Statement, receipts, Witnessed).Failures), StringComparison.Ordinal);
        Assert.Empty(ReceiptCheck.Run(ReceiptBench.Statement, receipts, Witnessed, ReceiptBench.Note(TestKeys.Log, TestKeys.LogMlDsa, TestKeys.WitnessA)).Failures);
        Assert.Contains("quorum a", Assert.Single(ReceiptCheck.Run(ReceiptBench.Statement, receipts, Witnessed, ReceiptBench.Note(TestKeys.Log, TestKeys.LogMlDsa)).Failures), StringComparison.Ordinal);

        var smaller = new Checkpoint(TestKeys.Origin, 10, ReceiptBench.HeadOf(10).Root);
        var other = TestKeys.Sign(smaller, TestKeys.Log, TestKeys.LogMlDsa, TestKeys.WitnessA);
        Assert.Contains("size 11", Assert.Single(ReceiptCheck.Run(ReceiptBench.Statement, receipts, Witnessed, other).Failures), StringComparison.Ordinal);
    }

    [Fact]
    public void Receipts_that_say_something_else_are_refused_with_what_they_say()
    {
        var mlDsa = ReceiptBench.Inclusion(TestKeys.LogMlDsa);
        AssertRefused("sub", [ReceiptBench.Inclusion(TestKeys.Log, subject: "another"), mlDsa]);
        AssertRefused("is not over", [ReceiptBench.Inclusion(TestKeys.Log, index: 5), mlDsa]);
        AssertRefused("consistency", [ReceiptBench.Consistency(TestKeys.Log, 4, 11), mlDsa]);
        AssertRefused("that the policy names", [ReceiptBench.Inclusion(TestKeys.Stranger), mlDsa]);
        AssertRefused("no receipt by a log that the policy names", []);
    }

    [Fact]
    public void Receipts_of_a_log_that_the_policy_does_not_name_count_for_nothing()
    {
        using var elsewhere = CheckpointSigner.FromSeed(KeyType.Ed25519, "elsewhere.example/log", TestKeys.Seed(0x31));
        var foreign = ReceiptBench.Inclusion(elsewhere);
        Assert.True(ReceiptCheck.Run(ReceiptBench.Statement, [foreign, .. ReceiptBench.Transparent().Receipts], Both).Accepted);
        AssertRefused("no receipt by a log that the policy names", [foreign]);
    }

    [Fact]
    public void Receipts_of_different_sizes_agree_on_the_index()
    {
        var verdict = ReceiptCheck.Run(ReceiptBench.Statement, [ReceiptBench.Inclusion(TestKeys.Log, size: 6), ReceiptBench.Inclusion(TestKeys.LogMlDsa)], Both);

        Assert.Empty(verdict.Failures);
        Assert.Equal(ReceiptBench.Head, verdict.Head!.Value);
    }

    private static void AssertRefused(string reason, IReadOnlyList<CoseReceipt> receipts) =>
        Assert.Contains(ReceiptCheck.Run(ReceiptBench.Statement, receipts, Both).Failures, failure => failure.Contains(reason, StringComparison.Ordinal));
}
