using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Trust;

namespace Cairn.Ledger.Keys;

/// <summary>The keys that a ledger signs with, and those that it signed with.</summary>
/// <param name="InForce">The keys that readers know: one of each algorithm, Ed25519 first.</param>
/// <param name="Next">Their successors, which sign checkpoints beside them.</param>
/// <param name="Successions">The changes of keys so far, by ascending index.</param>
public sealed record LogKeys(IReadOnlyList<CheckpointSigner> InForce, IReadOnlyList<CheckpointSigner> Next, IReadOnlyList<KeptSuccession> Successions) : IDisposable
{
    /// <summary>All that sign a checkpoint.</summary>
    public IEnumerable<CheckpointSigner> Signers => InForce.Concat(Next);

    /// <summary>The keys of the past, each with the size of the last tree that it signed.</summary>
    public IReadOnlyList<RetiredKey> Retired => [.. Successions.SelectMany(one => one.Succession.Old.Select(key => new RetiredKey(key, one.Succession.Size)))];

    /// <summary>Forgets the private keys.</summary>
    public void Dispose()
    {
        foreach (var signer in Signers)
        {
            signer.Dispose();
        }
    }
}

/// <summary>A succession as the data directory keeps it.</summary>
/// <param name="Index">The statement whose record retired the old keys.</param>
/// <param name="Checkpoint">The succession checkpoint: the last that the old keys signed, and signed by the new ones too.</param>
/// <param name="Succession">Its size and the keys.</param>
public sealed record KeptSuccession(long Index, SignedNote Checkpoint, KeySuccession Succession);

/// <summary>A retirement that is in the ledger and not carried out yet.</summary>
/// <param name="Index">The statement whose record says so.</param>
/// <param name="Old">The keys that go.</param>
/// <param name="New">The keys that take their place.</param>
public sealed record KeyRetirement(long Index, IReadOnlyList<VerifierKey> Old, IReadOnlyList<VerifierKey> New);
