using Cairn.Evidence;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Tiles;

namespace Cairn.Ledger.Checking;

/// <summary>
/// Rebuilds every tile from leaf hashes handed over one by one and compares it with the file; holds one tile's hashes for
/// each level, whatever the log's size.
/// </summary>
internal sealed class TileCheck(string root, Findings findings)
{
    private readonly List<List<Digest>> _levels = [];
    private readonly List<long> _full = [];

    /// <summary>Takes the next leaf hash, as computed from the entry's bytes.</summary>
    public void Take(in Digest leaf) => Grow(0, leaf);

    /// <summary>Compares the partial tiles at the right edge.</summary>
    public void End()
    {
        for (var level = 0; level < _levels.Count; level++)
        {
            if (_levels[level].Count > 0)
            {
                Compare(new TileCoordinate(level, _full[level], _levels[level].Count), _levels[level]);
            }
        }
    }

    private void Grow(int level, in Digest hash)
    {
        if (level == _levels.Count)
        {
            _levels.Add(new List<Digest>(TileCoordinate.FullWidth));
            _full.Add(0);
        }

        var hashes = _levels[level];
        hashes.Add(hash);
        if (hashes.Count == TileCoordinate.FullWidth)
        {
            Compare(new TileCoordinate(level, _full[level], TileCoordinate.FullWidth), hashes);
            _full[level]++;
            var parent = MerkleTree.Root(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(hashes));
            hashes.Clear();
            Grow(level + 1, parent);
        }
    }

    private void Compare(TileCoordinate tile, List<Digest> hashes)
    {
        findings.Tiles++;
        var path = Path.Combine(root, tile.Path);
        if (!File.Exists(path))
        {
            findings.Add("tile-missing", tile.Path, $"a tile of {tile.Width} hashes", "no file");
            return;
        }

        var bytes = File.ReadAllBytes(path);
        if (!findings.Same("tile-length", tile.Path, tile.Width * Digest.Size, bytes.Length))
        {
            return;
        }

        for (var i = 0; i < hashes.Count; i++)
        {
            if (new Digest(bytes.AsSpan(i * Digest.Size, Digest.Size)) is var stored && stored != hashes[i])
            {
                findings.Add("tile-mismatch", $"{tile.Path}, hash {i}", $"{hashes[i]} (recomputed from the entries)", $"{stored}");
                return;
            }
        }
    }
}
