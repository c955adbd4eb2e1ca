using Cairn.Evidence.Receipts;
using Cairn.Evidence.Tests.Checkpoints;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Tests.Receipts;

/// <summary>COSE Receipts by keys that the log has retired since (docs/spec/receipts.md §6).</summary>
public sealed class RetiredKeyReceiptTests
{
    [Fact]
    public void Receipt_by_a_retired_key_stays_good_for_trees_of_its_time() =>
        Assert.Empty(Check(Policy(ReceiptBench.Size), ReceiptBench.Inclusion(TestKeys.Log), ReceiptBench.Inclusion(TestKeys.LogMlDsa)));

    [Fact]
    public void Receipt_by_a_retired_key_for_a_larger_tree_is_refused() =>
        Assert.Contains("retired and speaks for trees of at most 10", Assert.Single(Check(Policy(10), ReceiptBench.Inclusion(TestKeys.Log), ReceiptBench.Inclusion(TestKeys.Stranger), ReceiptBench.Inclusion(TestKeys.LogMlDsa))), StringComparison.Ordinal);

    [Fact]
    public void New_key_does_not_stand_in_for_the_old_one_in_the_time_of_the_old() =>
        Assert.Contains("no receipt by log key", Assert.Single(Check(Policy(ReceiptBench.Size), ReceiptBench.Inclusion(TestKeys.Stranger), ReceiptBench.Inclusion(TestKeys.LogMlDsa))), StringComparison.Ordinal);

    [Fact]
    public void Leaving_out_the_other_algorithm_is_refused_for_retired_keys_too() =>
        Assert.Contains("ML-DSA-44", Assert.Single(Check(Policy(ReceiptBench.Size), ReceiptBench.Inclusion(TestKeys.Log))), StringComparison.Ordinal);

    // The Ed25519 key was retired in favour of another; ML-DSA-44 stayed.
    private static LogPolicy Policy(long size) =>
        LogPolicy.Parse($"log {TestKeys.Stranger.VerifierKey}\nlog {TestKeys.LogMlDsa.VerifierKey}\nretired {TestKeys.Log.VerifierKey} {size}\nquorum none\n");

    private static IReadOnlyList<string> Check(LogPolicy policy, params CoseReceipt[] receipts) => ReceiptCheck.Run(ReceiptBench.Statement, receipts, policy).Failures;
}
