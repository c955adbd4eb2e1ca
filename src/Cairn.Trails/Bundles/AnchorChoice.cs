using Cairn.Evidence.Bundles;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Tiles;
using Cairn.Ledger.Timestamps;

namespace Cairn.Trails.Bundles;

/// <summary>
/// The anchors that make brackets of a trail's statements narrower (docs/spec/timestamps.md §4): for each statement the smallest
/// ones above it, one with a token and one with a cosignature, and the largest below the tree head that it knew, likewise one with
/// a cosignature. Only anchors that come into question are read.
/// </summary>
/// <param name="store">The anchors that a data directory keeps.</param>
/// <param name="origin">The ledger: signatures under another name are cosignatures.</param>
/// <param name="largest">Anchors of more statements do not count.</param>
internal sealed class AnchorChoice(AnchorStore store, string origin, long largest)
{
    private readonly long[] _sizes = [.. store.Sizes().TakeWhile(size => size <= largest)];
    private readonly Dictionary<long, (KeptAnchor Anchor, bool IsCosigned)> _read = [];
    private readonly SortedSet<long> _chosen = [];
    private readonly Dictionary<(Wanted, int Step, int Place), int> _nearest = [];

    private enum Wanted
    {
        Any,
        Stamped,
        Cosigned,
    }

    /// <summary>Chooses for one statement.</summary>
    /// <param name="index">Its index in the ledger.</param>
    /// <param name="knownSize">Size of the tree head that it names as known; 0 where it names none.</param>
    public void Take(long index, long knownSize)
    {
        var (above, below) = (FirstAbove(index), FirstAbove(knownSize - 1) - 1);
        Choose(Wanted.Any, above, 1);
        Choose(Wanted.Stamped, above, 1);
        Choose(Wanted.Cosigned, above, 1);
        Choose(Wanted.Any, below, -1);
        Choose(Wanted.Cosigned, below, -1);
    }

    /// <summary>What was chosen, by ascending size.</summary>
    public IEnumerable<KeptAnchor> Chosen() => _chosen.Select(size => Read(size).Anchor);

    /// <summary>What was chosen, as a bundle holds it.</summary>
    /// <param name="tree">The ledger's tree.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task<IReadOnlyList<Anchor>> AnchorsAsync(TileTree tree, CancellationToken cancellationToken)
    {
        var anchors = new List<Anchor>();
        foreach (var anchor in Chosen())
        {
            anchors.Add(new Anchor(
                anchor.Note, await tree.ConsistencyPathAsync(anchor.Size, largest, cancellationToken), [.. anchor.Tokens.Select(token => (ReadOnlyMemory<byte>)token.Token)]));
        }

        return anchors;
    }

    private void Choose(Wanted wanted, int from, int step)
    {
        if (Nearest(wanted, from, step) is var place && IsPlace(place))
        {
            _chosen.Add(_sizes[place]);
        }
    }

    /// <summary>The first place from there on that has what is wanted. Each place is looked at once, however many statements ask.</summary>
    private int Nearest(Wanted wanted, int from, int step)
    {
        var place = from;
        while (IsPlace(place) && !_nearest.ContainsKey((wanted, step, place)) && !Has(wanted, place))
        {
            place += step;
        }

        var found = _nearest.GetValueOrDefault((wanted, step, place), place);
        for (var passed = from; passed != place && IsPlace(passed); passed += step)
        {
            _nearest[(wanted, step, passed)] = found;
        }

        return found;
    }

    private bool IsPlace(int place) => place >= 0 && place < _sizes.Length;

    private bool Has(Wanted wanted, int place) => wanted switch
    {
        Wanted.Stamped => Read(_sizes[place]).Anchor.Tokens.Count > 0,
        Wanted.Cosigned => Read(_sizes[place]).IsCosigned,
        _ => true,
    };

    private (KeptAnchor Anchor, bool IsCosigned) Read(long size)
    {
        if (!_read.TryGetValue(size, out var found))
        {
            var anchor = store.Find(size) ?? throw new BundleExportException($"the anchor of size {size} went away while it was read");
            found = (anchor, SignedNote.Parse(anchor.Note).Signatures.Any(line => line.Name != origin));
            _read.Add(size, found);
        }

        return found;
    }

    /// <summary>Place of the first anchor of more statements than that.</summary>
    private int FirstAbove(long size)
    {
        var place = Array.BinarySearch(_sizes, size);
        return place < 0 ? ~place : place + 1;
    }
}
