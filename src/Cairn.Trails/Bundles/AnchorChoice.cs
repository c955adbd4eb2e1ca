using Cairn.Evidence.Bundles;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Tiles;
using Cairn.Ledger.Timestamps;

namespace Cairn.Trails.Bundles;

/// <summary>
/// The anchors that make brackets of a trail's statements narrower (docs/spec/timestamps.md §4): for each statement the smallest
/// ones above it, with a token and without, and the largest below the tree head that it knew.
/// </summary>
internal sealed class AnchorChoice(AnchorStore store, long checkpointSize)
{
    private readonly List<KeptAnchor> _anchors = [.. store.Sizes().Where(size => size <= checkpointSize).Select(store.Find).OfType<KeptAnchor>()];
    private readonly SortedSet<long> _chosen = [];

    public void Take(long index, long knownSize)
    {
        Choose(_anchors.Find(anchor => anchor.Size > index));
        Choose(_anchors.Find(anchor => anchor.Size > index && anchor.Tokens.Count > 0));
        Choose(_anchors.FindLast(anchor => anchor.Size < knownSize));
    }

    public async Task<IReadOnlyList<Anchor>> AnchorsAsync(TileTree tree, CancellationToken cancellationToken)
    {
        var anchors = new List<Anchor>();
        foreach (var anchor in _anchors.Where(anchor => _chosen.Contains(anchor.Size)))
        {
            anchors.Add(new Anchor(
                anchor.Note, await tree.ConsistencyPathAsync(anchor.Size, checkpointSize, cancellationToken), [.. anchor.Tokens.Select(token => (ReadOnlyMemory<byte>)token.Token)]));
        }

        return anchors;
    }

    private void Choose(KeptAnchor? anchor)
    {
        if (anchor is not null)
        {
            _chosen.Add(anchor.Size);
        }
    }
}
