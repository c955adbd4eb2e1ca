using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Receipts;
using Cairn.Evidence.Tests.Checkpoints;
using Cairn.Evidence.Trust;
using CsCheck;

namespace Cairn.Evidence.Tests.Receipts;

public class ConsistencyCheckTests
{
    private static readonly LogPolicy Both = Policy($"log {TestKeys.Log.VerifierKey}\nlog {TestKeys.LogMlDsa.VerifierKey}\nquorum none\n");

    [Fact]
    public void Receipts_by_both_keys_lead_from_an_accepted_checkpoint_to_the_newer_tree()
    {
        var verdict = ConsistencyCheck.Run([ReceiptBench.Consistency(TestKeys.Log, 4, 11), ReceiptBench.Consistency(TestKeys.LogMlDsa, 4, 11)], Note(4), Both);

        Assert.Empty(verdict.Failures);
        Assert.Equal((ReceiptBench.HeadOf(4), ReceiptBench.Head), (verdict.Older, verdict.Newer!.Value));
        Assert.False(verdict.IsSizeProved);
        Assert.True(ConsistencyCheck.Run([ReceiptBench.Consistency(TestKeys.Log, 4, 11), ReceiptBench.Consistency(TestKeys.LogMlDsa, 4, 11)], Note(4), Both, Note(11)).IsSizeProved);
    }

    [Fact]
    public void A_receipt_by_one_key_is_not_enough_where_the_policy_names_two()
    {
        var verdict = ConsistencyCheck.Run([ReceiptBench.Consistency(TestKeys.Log, 4, 11)], Note(4), Both);

        Assert.Contains("ML-DSA-44", Assert.Single(verdict.Failures));
    }

    [Fact]
    public void A_receipt_from_another_tree_another_size_by_a_stranger_or_of_inclusion_fails()
    {
        var policy = Policy($"log {TestKeys.Log.VerifierKey}\nquorum none\n");
        string Failure(CoseReceipt receipt, SignedNote older) => string.Join(' ', ConsistencyCheck.Run([receipt], older, policy).Failures);
        SignedNote Other(int size) => TestKeys.Sign(new Checkpoint(TestKeys.Origin, size, Digest.Sha256("another"u8)), TestKeys.Log);

        // From a tree of a power of two the path starts at its root, which then leads to another newer one.
        Assert.Contains("does not lead from the root", Failure(ReceiptBench.Consistency(TestKeys.Log, 5, 11), Other(5)));
        Assert.Contains("which the signature by", Failure(ReceiptBench.Consistency(TestKeys.Log, 4, 11), Other(4)));
        Assert.Contains("found it from 4", Failure(ReceiptBench.Consistency(TestKeys.Log, 4, 11), Note(5)));
        Assert.Contains("expected a key of", Failure(ReceiptBench.Consistency(TestKeys.LogMlDsa, 4, 11), Note(4)));
        Assert.Contains("found one of inclusion", Failure(ReceiptBench.Inclusion(TestKeys.Log), Note(4)));
        Assert.Contains("older checkpoint:", Failure(ReceiptBench.Consistency(TestKeys.Log, 4, 11), TestKeys.Sign(new Checkpoint(TestKeys.Origin, 4, ReceiptBench.HeadOf(4).Root), TestKeys.Stranger)));
    }

    [Fact]
    public void A_quorum_asks_for_the_newer_checkpoint_and_one_that_is_given_must_be_of_that_tree()
    {
        var policy = Policy($"log {TestKeys.Log.VerifierKey}\nwitness a {TestKeys.WitnessA.VerifierKey}\nquorum a\n");
        var receipt = ReceiptBench.Consistency(TestKeys.Log, 4, 11);
        SignedNote Cosigned(int size) => TestKeys.Sign(new Checkpoint(TestKeys.Origin, size, ReceiptBench.HeadOf(size).Root), TestKeys.Log, TestKeys.WitnessA);

        Assert.Contains("carries no cosignatures", Assert.Single(ConsistencyCheck.Run([receipt], Cosigned(4), policy).Failures));
        Assert.Contains("expected a checkpoint of", Assert.Single(ConsistencyCheck.Run([receipt], Cosigned(4), policy, Cosigned(10)).Failures));
        Assert.True(ConsistencyCheck.Run([receipt], Cosigned(4), policy, Cosigned(11)) is { Accepted: true, IsSizeProved: true });
    }

    [Fact]
    public void From_every_tree_to_every_later_one_a_path_leads_to_the_newer_root_and_no_other() =>
        Gen.Select(Gen.Int[1, ReceiptBench.Size], Gen.Int[1, ReceiptBench.Size]).Where((a, b) => a <= b).Sample((older, newer) =>
        {
            var path = MerkleTree.ConsistencyPath(ReceiptBench.Leaves.AsSpan(0, newer), older);
            Assert.Equal(ReceiptBench.HeadOf(newer).Root, ConsistencyProof.RootFrom(ReceiptBench.HeadOf(older), newer, path));
            Assert.NotEqual(ReceiptBench.HeadOf(newer).Root, ConsistencyProof.RootFrom(new TreeHead(older, Digest.Sha256("another"u8)), newer, path));
            Assert.Null(ConsistencyProof.RootFrom(ReceiptBench.HeadOf(older), newer, [.. path, Digest.Sha256("more"u8)]));
        }, iter: 500);

    private static SignedNote Note(int size) => TestKeys.Sign(new Checkpoint(TestKeys.Origin, size, ReceiptBench.HeadOf(size).Root), TestKeys.Log, TestKeys.LogMlDsa);

    private static LogPolicy Policy(string text) => LogPolicy.Parse(text);
}
