using Cairn.Evidence.Merkle;
using Cairn.Evidence.Receipts;

namespace Cairn.Evidence.Tests.Receipts;

/// <summary>
/// The two receipts that the COSE working group published with RFC 9942 (github.com/cose-wg/draft-ietf-cose-merkle-tree-proofs,
/// commit e08aa7b, examples/inclusion-receipt.cbor and examples/consistency-receipt.cbor). The examples in the RFC's own text
/// abbreviate every hash and signature ("h'7558a95f...e02e35d6'") and can't be decoded by anyone. No key is published with
/// either, so that their signatures can't be checked; their proofs are, against each other and against the entry.
/// </summary>
public class PublishedReceiptTests
{
    private const string Inclusion =
        "d2845840a40126044a746573742d6b65792d3119018b010fa101782868747470733a2f2f7472616e73706172656e63792d736572766963652e6578616d706c652e636f6d"
        + "a119018ca12081586a8305038358203d06455dd33da4e9bbd8090677a2d0955e6dffe4b92069605a468920d1198095582033a5211719e06238a191c7244a7633187da2c9"
        + "aaa5bc6dec54e2cbb49825543458204d75742d9ea02f7767dcd554a7878ff22cdb208be9f3d35f7aa7700b57e741c0f6584034e81008fb0e4e521657668745450df608d0"
        + "e5c015dffc5d607dd78236c2908f4e2b643817d9191d0abd7c074aff2b1bfda519ab3fab210ff2e0a1de275de6a7";

    private const string Consistency =
        "d2845840a40126044a746573742d6b65792d3119018b010fa101782868747470733a2f2f7472616e73706172656e63792d736572766963652e6578616d706c652e636f6d"
        + "a119018ca12181588c8303058458203d06455dd33da4e9bbd8090677a2d0955e6dffe4b92069605a468920d11980955820987ba8093cabe31046a77bbe9aa4b5f62675d9"
        + "43386c7fbbe249cbaca5da242d582033a5211719e06238a191c7244a7633187da2c9aaa5bc6dec54e2cbb49825543458204d75742d9ea02f7767dcd554a7878ff22cdb20"
        + "8be9f3d35f7aa7700b57e741c0f65840a1373d8ba837eedb7680692e7bda76569acd2f92259ad482c7076f201c8657910f5623b1ecaa40d845a5d1a49f3f5bd892709638"
        + "4cfccea52933f448523fe685";

    private static readonly CoseReceipt Included = CoseReceipt.Decode(Convert.FromHexString(Inclusion));
    private static readonly CoseReceipt Consistent = CoseReceipt.Decode(Convert.FromHexString(Consistency));

    [Fact]
    public void Published_receipts_decode_to_what_their_diagnostic_notation_says()
    {
        Assert.All(new[] { Included, Consistent }, receipt =>
        {
            Assert.Equal((ReceiptAlgorithm.ES256, "https://transparency-service.example.com", null), (receipt.Algorithm, receipt.Issuer, receipt.Subject));
            Assert.Equal("test-key-1"u8.ToArray(), receipt.KeyId!.Value.ToArray());
        });
        Assert.Equal((true, 5L, 3L, 3), (Included.Proof.IsInclusion, Included.Proof.First, Included.Proof.Second, Included.Proof.Path.Count));
        Assert.Equal((false, 3L, 5L, 4), (Consistent.Proof.IsInclusion, Consistent.Proof.First, Consistent.Proof.Second, Consistent.Proof.Path.Count));
    }

    [Fact]
    public void Published_proofs_agree_with_each_other_and_with_their_entry()
    {
        // The entry is the digest of the text: found by trying; the consistency path holds its leaf hash as the second node.
        var leaf = MerkleHash.Leaf(Digest.Sha256("statement-3"u8).ToArray());
        Assert.Equal(leaf, Consistent.Proof.Path[1]);

        var newer = Included.RootFor(leaf)!.Value;
        var older = MerkleHash.Node(Included.Proof.Path[1], Included.Proof.Path[0]); // leaves 0 and 1, then leaf 2
        Assert.Equal("895731b5a570ea1967dd7804b5f43146175f9ac87d1565985de3ecf09c98589c", newer.ToString());
        Assert.True(ConsistencyProof.Verify(new(3, older), new(5, newer), [.. Consistent.Proof.Path]));
        Assert.False(ConsistencyProof.Verify(new(3, newer), new(5, newer), [.. Consistent.Proof.Path]));
    }
}
