using Cairn.Evidence;
using Cairn.Evidence.Merkle;

namespace Cairn.Ledger.Journal;

/// <summary>One row of the journal's statements.</summary>
internal sealed record JournalRow(long Index, Digest Leaf, byte[] Entry, byte[] Records);

/// <summary>The signed head as the journal holds it: the last one that was decided on, published or about to be.</summary>
internal sealed record JournalHead(TreeHead Head, DateTimeOffset Time, byte[]? Note)
{
    public static readonly JournalHead Empty = new(new TreeHead(0, MerkleHash.EmptyTree), DateTimeOffset.UnixEpoch, null);
}
