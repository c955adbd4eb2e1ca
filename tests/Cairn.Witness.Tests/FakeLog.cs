using System.Buffers;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Tiles;
using Cairn.Evidence.Trust;

namespace Cairn.Witness.Tests;

/// <summary>A static log of up to 255 entries that no honest ledger would have made, signed by keys of its own.</summary>
internal sealed class FakeLog : IDisposable
{
    private readonly TestLog _keys = new("ledger.example/fake");

    public FakeLog(string folder, IReadOnlyList<byte[]> entries)
    {
        Folder = Path.Combine(folder, "fake");
        Digest[] leaves = [.. entries.Select(entry => MerkleHash.Leaf(entry))];
        var bundle = new ArrayBufferWriter<byte>();
        foreach (var entry in entries)
        {
            EntryBundle.Append(bundle, entry);
        }

        Write(new EntryBundleCoordinate(0, entries.Count).Path, bundle.WrittenSpan.ToArray());
        Write(new TileCoordinate(0, 0, entries.Count).Path, [.. leaves.SelectMany(leaf => leaf.ToArray())]);
        Write("checkpoint", _keys.Sign(leaves).Encode());
    }

    public string Folder { get; }

    /// <summary>Another policy's emitters, with this log's keys.</summary>
    public TrustPolicy Policy(TrustPolicy emitters) => TrustPolicy.For(_keys.Keys.Select(log => log.Key), emitters.Roots, emitters.Emitters);

    public void Dispose() => _keys.Dispose();

    private void Write(string path, byte[] bytes)
    {
        var file = Path.Combine(Folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, bytes);
    }
}
