using System.Text;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Witnessing;

namespace Cairn.Witness.Tests;

/// <summary>A log of made-up entries with the two keys that Cairn's ledgers have.</summary>
internal sealed class TestLog : IDisposable
{
    private readonly List<CheckpointSigner> _signers;

    public TestLog(string origin = "ledger.example/test")
    {
        Origin = origin;
        _signers = [CheckpointSigner.Generate(KeyType.Ed25519, origin), CheckpointSigner.Generate(KeyType.MlDsa44, origin)];
    }

    public string Origin { get; }

    public IReadOnlyList<PolicyLog> Keys => [.. _signers.Select(signer => new PolicyLog(signer.VerifierKey, null))];

    /// <summary>The leaves of the first entries; those from <paramref name="forkedAt"/> on are of another history.</summary>
    public static Digest[] Leaves(int count, int forkedAt = int.MaxValue, string history = "forked") =>
        [.. Enumerable.Range(0, count).Select(i => MerkleHash.Leaf(Encoding.UTF8.GetBytes(i < forkedAt ? $"entry {i}" : $"{history} {i}")))];

    public SignedNote Sign(Digest[] leaves)
    {
        var checkpoint = new Checkpoint(Origin, leaves.Length, MerkleTree.Root(leaves));
        return new SignedNote(checkpoint.Body, [.. _signers.Select(signer => signer.Sign(checkpoint, DateTimeOffset.UtcNow))]);
    }

    /// <summary>An honest request for the first entries.</summary>
    public byte[] Request(int old, int size, int forkedAt = int.MaxValue)
    {
        var leaves = Leaves(size, forkedAt);
        return new AddCheckpointRequest(old, old <= size ? MerkleTree.ConsistencyPath(leaves, old) : [], Sign(leaves)).Encode();
    }

    public void Dispose() => _signers.ForEach(signer => signer.Dispose());
}

/// <summary>A witness's folder of the test's own.</summary>
internal sealed class TestWitness : IDisposable
{
    public TestWitness(string name = "witness.example/w")
    {
        Folder = System.IO.Directory.CreateTempSubdirectory("cairn-witness-").FullName;
        Directory = WitnessDirectory.Create(Path.Combine(Folder, "w"), name);
        using var keys = new Disposables(Directory.OpenSigners());
        Keys = [.. keys.Signers.Select(signer => signer.VerifierKey)];
    }

    public string Folder { get; }

    public WitnessDirectory Directory { get; }

    public IReadOnlyList<VerifierKey> Keys { get; }

    public List<string> Said { get; } = [];

    public Cosigner Open(params TestLog[] logs) => Open(TimeProvider.System, logs);

    public Cosigner Open(TimeProvider time, params TestLog[] logs) => Cosigner.Open(Directory, [.. logs.SelectMany(log => log.Keys)], time, Said.Add);

    public void Dispose() => System.IO.Directory.Delete(Folder, recursive: true);

    private sealed class Disposables(IReadOnlyList<CheckpointSigner> signers) : IDisposable
    {
        public IReadOnlyList<CheckpointSigner> Signers => signers;

        public void Dispose()
        {
            foreach (var signer in signers)
            {
                signer.Dispose();
            }
        }
    }
}
