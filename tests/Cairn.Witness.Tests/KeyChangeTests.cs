using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Witnessing;

namespace Cairn.Witness.Tests;

/// <summary>A witness while a log changes its keys (docs/spec/witnessing.md §8).</summary>
public sealed class KeyChangeTests : IDisposable
{
    private readonly TestLog _before = new();
    private readonly TestLog _after = new();
    private readonly TestWitness _witness = new();

    public void Dispose()
    {
        _before.Dispose();
        _after.Dispose();
        _witness.Dispose();
    }

    [Fact]
    public void Witness_that_knows_either_set_of_keys_cosigns_while_both_sign()
    {
        using (var cosigner = _witness.Open(_before))
        {
            Assert.Equal(200, cosigner.Add(Request(0, 5, _before, _after)).Status);
            Assert.Equal(403, cosigner.Add(Request(5, 6, _after)).Status); // after the succession: it does not know these
        }

        using (var cosigner = _witness.Open(_after))
        {
            Assert.Equal(200, cosigner.Add(Request(5, 6, _before, _after)).Status);
            Assert.Equal(200, cosigner.Add(Request(6, 7, _after)).Status);
        }
    }

    [Fact]
    public void Retired_key_s_word_counts_up_to_its_size()
    {
        using var cosigner = Cosigner.Open(_witness.Directory, _after.Keys, TimeProvider.System, _witness.Said.Add, [.. _before.Keys.Select(log => new RetiredKey(log.Key, 5))]);

        Assert.Equal(200, cosigner.Add(Request(0, 5, _before)).Status);
        Assert.Equal(403, cosigner.Add(Request(5, 6, _before)).Status);
        Assert.Equal(200, cosigner.Add(Request(5, 6, _after)).Status);
    }

    private static byte[] Request(int old, int size, params TestLog[] logs)
    {
        var leaves = TestLog.Leaves(size);
        var notes = logs.Select(log => log.Sign(leaves)).ToList();
        return new AddCheckpointRequest(old, MerkleTree.ConsistencyPath(leaves, old), new SignedNote(notes[0].Body, [.. notes.SelectMany(note => note.Signatures)])).Encode();
    }
}
