using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Receipts;
using Cairn.Evidence.Tests.Checkpoints;
using Cairn.Evidence.Trust;
using CsCheck;

namespace Cairn.Evidence.Tests.Receipts;

public class CoseReceiptTests
{
    private static readonly LogPolicy Policy = LogPolicy.Parse($"log {TestKeys.Log.VerifierKey}\nquorum none\n");

    [Theory]
    [InlineData("log", ReceiptAlgorithm.EdDSA)]
    [InlineData("log_ml_dsa", ReceiptAlgorithm.MlDsa44)]
    public void A_receipt_proves_its_own_entry_under_its_own_key_and_nothing_else(string name, ReceiptAlgorithm algorithm)
    {
        var signer = TestKeys.All[name];
        for (var i = 0; i < ReceiptBench.Size; i++)
        {
            var receipt = CoseReceipt.Decode(ReceiptBench.Inclusion(signer, i).Bytes);

            Assert.True(receipt.ProvesInclusion(ReceiptBench.Leaves[i], signer.VerifierKey));
            Assert.False(receipt.ProvesInclusion(ReceiptBench.Leaves[(i + 1) % ReceiptBench.Size], signer.VerifierKey));
            Assert.All(TestKeys.All.Values.Where(other => other != signer && other.VerifierKey.Type is KeyType.Ed25519 or KeyType.MlDsa44),
                other => Assert.Equal(other == signer, receipt.ProvesInclusion(ReceiptBench.Leaves[i], other.VerifierKey)));
            Assert.Equal((algorithm, TestKeys.Origin, ReceiptBench.Stream), (receipt.Algorithm, receipt.Issuer, receipt.Subject));
            Assert.Equal((ReceiptBench.Size, i), (receipt.Proof.First, receipt.Proof.Second));
            Assert.Equal(CoseKey.Thumbprint(signer.VerifierKey).ToArray(), receipt.KeyId!.Value.ToArray());
        }
    }

    [Fact]
    public void A_consistency_receipt_proves_that_one_tree_extends_another() =>
        Gen.Select(Gen.Int[1, ReceiptBench.Size], Gen.Int[1, ReceiptBench.Size]).Where(pair => pair.Item1 <= pair.Item2).Sample((older, newer) =>
        {
            var receipt = CoseReceipt.Decode(ReceiptBench.Consistency(TestKeys.Log, older, newer).Bytes);
            var (old, current) = (ReceiptBench.HeadOf(older).Root, ReceiptBench.HeadOf(newer).Root);

            Assert.True(receipt.ProvesConsistency(old, current, TestKeys.Log.VerifierKey));
            Assert.False(receipt.ProvesConsistency(Digest.Sha256("another"u8), current, TestKeys.Log.VerifierKey));
            Assert.False(receipt.ProvesConsistency(old, current, TestKeys.Stranger.VerifierKey));
            Assert.False(receipt.ProvesInclusion(ReceiptBench.Leaves[0], TestKeys.Log.VerifierKey));
        });

    [Fact]
    public void A_cosigners_key_signs_no_receipt() =>
        Assert.Contains("cosigner", Assert.Throws<EvidenceFormatException>(() => ReceiptBench.Inclusion(TestKeys.WitnessA)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_log_of_one_entry_has_a_receipt_without_hashes()
    {
        var receipt = CoseReceipt.Decode(ReceiptBench.Inclusion(TestKeys.Log, 0, 1).Bytes);

        Assert.Empty(receipt.Proof.Path);
        Assert.True(receipt.ProvesInclusion(ReceiptBench.Leaves[0], TestKeys.Log.VerifierKey));
    }

    [Fact]
    public void One_flipped_bit_in_any_byte_of_a_receipt_is_found_and_in_size_or_index_by_the_checkpoint()
    {
        // Root and path fix neither number by themselves: leaf 4 has the same path in a tree of 10 (docs/spec/receipts.md §6).
        var bytes = ReceiptBench.Inclusion(TestKeys.Log).Bytes.ToArray();
        Assert.True(Proves(bytes) && IsAcceptedWithCheckpoint(bytes));
        var unsigned = new HashSet<int>();
        for (var i = 0; i < bytes.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var flipped = bytes.ToArray();
                flipped[i] ^= (byte)(1 << bit);
                if (Proves(flipped))
                {
                    unsigned.Add(i);
                }

                Assert.False(IsAcceptedWithCheckpoint(flipped), $"bit {bit} of byte {i}");
            }
        }

        Assert.Equal([bytes.AsSpan().IndexOf((byte[])[0x83, ReceiptBench.Size, ReceiptBench.At]) + 1], unsigned);
    }

    [Fact]
    public void Any_cut_and_joined_bytes_are_exactly_the_receipt_or_refused()
    {
        var bytes = ReceiptBench.Inclusion(TestKeys.Log).Bytes.ToArray();
        Gen.Select(Gen.Int[0, bytes.Length], Gen.Int[0, bytes.Length], Gen.Byte.Array[0, 4]).Sample((from, to, between) =>
        {
            byte[] joined = [.. bytes[..from], .. between, .. bytes[to..]];
            Assert.Equal(joined.AsSpan().SequenceEqual(bytes), IsAcceptedWithCheckpoint(joined));
        });
    }

    [Fact]
    public void A_receipt_signature_is_no_checkpoint_signature_and_the_other_way_round()
    {
        // The same Ed25519 key signs both: a note's body is UTF-8 text, a Sig_structure begins with 0x84.
        var receipt = ReceiptBench.Inclusion(TestKeys.Log).Bytes.ToArray();
        var moved = new SignedNote(ReceiptBench.Note().Body, [new NoteSignature(TestKeys.Origin, TestKeys.Log.VerifierKey.KeyId, receipt[^64..])]);
        Assert.Equal(NoteCheckResult.Bad, TestKeys.Log.VerifierKey.Verify(moved).Result);

        ReceiptBench.Note(TestKeys.Log).Signatures[0].Bytes.CopyTo(receipt.AsMemory(receipt.Length - 64));
        Assert.False(Proves(receipt));
    }

    private static bool Proves(byte[] bytes) => Read(bytes)?.ProvesInclusion(ReceiptBench.Leaves[ReceiptBench.At], TestKeys.Log.VerifierKey) == true;

    private static bool IsAcceptedWithCheckpoint(byte[] bytes) =>
        Read(bytes) is { } receipt && ReceiptCheck.Run(ReceiptBench.Statement, [receipt], Policy, ReceiptBench.Note(TestKeys.Log)) is { Accepted: true, IsPlaceProved: true };

    private static CoseReceipt? Read(byte[] bytes)
    {
        try
        {
            return CoseReceipt.Decode(bytes);
        }
        catch (EvidenceFormatException problem)
        {
            Assert.NotEmpty(problem.Message);
            return null;
        }
    }
}
