using System.Text;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Tests.Tiles;
using Cairn.Evidence.Tiles;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Witnessing;
using CsCheck;

namespace Cairn.Evidence.Tests.Witnessing;

/// <summary>Two signed heads of one log of which neither extends the other, shown to somebody who has neither tree.</summary>
public sealed class ForkProofTests : IDisposable
{
    private const string Origin = "ledger.example/forked";
    private readonly CheckpointSigner _log = CheckpointSigner.Generate(KeyType.Ed25519, Origin);
    private readonly CheckpointSigner _witness = CheckpointSigner.Generate(KeyType.CosignatureEd25519, "witness.example/w");

    public void Dispose()
    {
        _log.Dispose();
        _witness.Dispose();
    }

    /// <summary>Law: for every two sizes, two trees that differ below the older size give a proof, and a tree with itself gives none.</summary>
    [Fact]
    public async Task Trees_that_differ_below_the_older_size_are_proven_forked_and_extensions_are_not()
    {
        var sizes = Gen.Select(Gen.Int[1, 600], Gen.Int[0, 400], Gen.Int[0, 599]).Array[60].Single();
        foreach (var (older, more, where) in sizes)
        {
            var (honest, forked) = (Leaves(older + more), Leaves(older + more));
            forked[where % older] = MerkleHash.Leaf("another"u8);
            var first = Sign(honest[..older]);

            var proof = await ForkProof.FindAsync(first, Sign(forked), Tree(forked), TestContext.Current.CancellationToken);
            var none = await ForkProof.FindAsync(first, Sign(honest), Tree(honest), TestContext.Current.CancellationToken);

            Assert.Null(none);
            Assert.NotNull(proof);
            var verdict = ForkVerdict.Of(ForkProof.Parse(proof.Encode()), [_log.VerifierKey], []);
            Assert.True(verdict.IsProven, string.Join("; ", verdict.Failures));
            Assert.Equal(MerkleTree.Root(forked.AsSpan(0, older)), verdict.PrefixRoot);
        }
    }

    [Fact]
    public void Thief_of_a_retired_key_can_not_frame_the_log()
    {
        using var thief = CheckpointSigner.Generate(KeyType.Ed25519, Origin);
        var forked = new Checkpoint(Origin, 7, Digest.Sha256("another tree"u8));
        var proof = new ForkProof(Sign(Leaves(7)), new SignedNote(forked.Body, [thief.Sign(forked, DateTimeOffset.UnixEpoch)]), []);

        Assert.False(ForkVerdict.Of(proof, [_log.VerifierKey], [], [new RetiredKey(thief.VerifierKey, 6)]).IsProven);
        Assert.True(ForkVerdict.Of(proof, [_log.VerifierKey], [], [new RetiredKey(thief.VerifierKey, 7)]).IsProven); // in its time it was the log's
    }

    [Theory]
    [InlineData(5, 9)]
    [InlineData(8, 13)]
    [InlineData(7, 7)]
    public void A_proof_of_an_honest_log_can_not_be_made_by_others(int older, int newer)
    {
        var leaves = Leaves(newer);
        var path = MerkleTree.ConsistencyPath(leaves, older).ToList();
        if (ConsistencyProof.IsPowerOfTwo(older) && older < newer)
        {
            path.Insert(0, MerkleTree.Root(leaves.AsSpan(0, older)));
        }

        var honest = new ForkProof(Sign(leaves[..older]), Sign(leaves), path);

        Assert.False(ForkVerdict.Of(honest, [_log.VerifierKey], []).IsProven);
        for (var i = 0; i < path.Count; i++)
        {
            var changed = path.ToArray();
            changed[i] = MerkleHash.Leaf("lie"u8);
            Assert.False(ForkVerdict.Of(honest with { Prefix = changed }, [_log.VerifierKey], []).IsProven);
        }
    }

    [Fact]
    public void Both_checkpoints_need_the_logs_own_signature()
    {
        using var stranger = CheckpointSigner.Generate(KeyType.Ed25519, Origin);
        var (one, other) = (Leaves(4), Leaves(4));
        other[2] = MerkleHash.Leaf("another"u8);
        var forged = new ForkProof(Sign(one), Sign(other, stranger), []);
        var real = new ForkProof(Sign(one), Sign(other), []);

        Assert.False(ForkVerdict.Of(forged, [_log.VerifierKey], []).IsProven);
        Assert.False(ForkVerdict.Of(real, [stranger.VerifierKey], []).IsProven);
        Assert.False(ForkVerdict.Of(real, [], []).IsProven);
        Assert.Equal([_log.VerifierKey], ForkVerdict.Of(real, [_log.VerifierKey, stranger.VerifierKey], []).Keys);
    }

    [Fact]
    public void A_witness_that_cosigned_both_is_named()
    {
        var (one, other) = (Leaves(4), Leaves(4));
        other[2] = MerkleHash.Leaf("another"u8);
        var proof = new ForkProof(Cosign(Sign(one)), Cosign(Sign(other)), []);

        Assert.Equal(["W"], ForkVerdict.Of(proof, [_log.VerifierKey], [new PolicyWitness("W", _witness.VerifierKey, null)]).Witnesses);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"format":"cairn-fork-proof/2","older":"","newer":"","prefix":[]}""")]
    [InlineData("""{"format":"cairn-fork-proof/1","older":"","newer":"","prefix":[]}""")]
    [InlineData("""{"format":"cairn-fork-proof/1","older":1,"newer":"","prefix":[]}""")]
    [InlineData("""{"format":"cairn-fork-proof/1","older":"","newer":"","prefix":[],"more":1}""")]
    [InlineData("""{"format":"cairn-fork-proof/1","format":"cairn-fork-proof/1","older":"","newer":"","prefix":[]}""")]
    public void Malformed_proofs_are_refused(string text) =>
        Assert.Throws<EvidenceFormatException>(() => ForkProof.Parse(Encoding.UTF8.GetBytes(text)));

    private static Digest[] Leaves(int count) => [.. Enumerable.Range(0, count).Select(i => MerkleHash.Leaf(Encoding.UTF8.GetBytes($"entry {i}")))];

    private static TileTree Tree(Digest[] leaves) => new(new TileStore().Grow(leaves));

    private SignedNote Sign(Digest[] leaves, CheckpointSigner? signer = null)
    {
        var checkpoint = new Checkpoint(Origin, leaves.Length, MerkleTree.Root(leaves));
        return new SignedNote(checkpoint.Body, [(signer ?? _log).Sign(checkpoint, DateTimeOffset.UtcNow)]);
    }

    private SignedNote Cosign(SignedNote note) => note.With(_witness.Sign(Checkpoint.Of(note), DateTimeOffset.UtcNow));
}
