using System.Text;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Receipts;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Tests.Checkpoints;
using Cairn.Evidence.Tests.Statements;
using NSec.Cryptography;

namespace Cairn.Evidence.Tests.Receipts;

/// <summary>A log of eleven entries, the one at index 4 a statement, and receipts of it. All of it is the same in every run.</summary>
internal static class ReceiptBench
{
    public const int At = 4;
    public const int Size = 11;

    public static readonly SignedStatement Statement = Sign();
    public static readonly byte[][] Entries =
        [.. Enumerable.Range(0, Size).Select(i => i == At ? Statement.Bytes.ToArray() : Encoding.UTF8.GetBytes($"entry {i}"))];

    public static readonly Digest[] Leaves = [.. Entries.Select(entry => MerkleHash.Leaf(entry))];
    public static readonly TreeHead Head = HeadOf(Size);

    public static string Stream => Statement.Payload.Stream.ToString();

    public static TreeHead HeadOf(int size) => new(size, MerkleTree.Root(Leaves.AsSpan(0, size)));

    public static CoseReceipt Inclusion(CheckpointSigner signer, int index = At, int size = Size, string? subject = null) =>
        CoseReceipt.OfInclusion(signer, subject ?? Stream, index, HeadOf(size), MerkleTree.InclusionPath(Leaves.AsSpan(0, size), index));

    public static CoseReceipt Consistency(CheckpointSigner signer, int older, int newer) =>
        CoseReceipt.OfConsistency(signer, older, HeadOf(newer), MerkleTree.ConsistencyPath(Leaves.AsSpan(0, newer), older));

    public static TransparentStatement Transparent() =>
        TransparentStatement.Of(Statement, [Inclusion(TestKeys.Log), Inclusion(TestKeys.LogMlDsa)]);

    public static SignedNote Note(params CheckpointSigner[] signers) => TestKeys.Sign(new Checkpoint(TestKeys.Origin, Size, Head.Root), signers);

    private static SignedStatement Sign()
    {
        using var key = Key.Import(SignatureAlgorithm.Ed25519, TestKeys.Seed(0x21), KeyBlobFormat.RawPrivateKey);
        using var signer = StatementSigner.WithKey(SpiffeId.Parse("spiffe://example.org/agent/a"), key);
        return signer.Sign(SignedStatementTests.Payload(), includeChain: true);
    }
}
