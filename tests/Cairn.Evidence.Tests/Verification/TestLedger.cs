using System.Security.Cryptography.X509Certificates;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Tests.Statements;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Tests.Verification;

/// <summary>A ledger in memory with one trail, and the bundles that can be made of it, honest and not.</summary>
internal sealed class TestLedger : IDisposable
{
    public const string Origin = "example.org/ledger/test";

    private readonly X509Certificate2 _root = TestAuthority.Root();
    private readonly List<TestEmitter> _emitters = [];
    private readonly CheckpointSigner[] _signers =
    [
        CheckpointSigner.FromSeed(KeyType.Ed25519, Origin, [.. Enumerable.Repeat((byte)1, 32)]),
        CheckpointSigner.FromSeed(KeyType.MlDsa44, Origin, [.. Enumerable.Repeat((byte)2, 32)]),
    ];

    public TraceId Trace { get; } = TraceId.New();

    public List<(SignedStatement Statement, byte[][] Records)> Entries { get; } = [];

    /// <summary>Indices left out of the bundle, as a forger would.</summary>
    public HashSet<int> LeftOut { get; } = [];

    /// <summary>Indices of statements with changes of trust bundles: they come along as trust material.</summary>
    public List<int> TrustChanges { get; } = [];

    /// <summary>Successions of the log's keys: the statement that retires the old ones, and the succession checkpoint.</summary>
    public List<(int Index, SignedNote Note)> Successions { get; } = [];

    /// <summary>The keys that the log begins with.</summary>
    public IReadOnlyList<CheckpointSigner> Signers => _signers;

    /// <summary>Checkpoints with independent times, and tokens over them.</summary>
    public List<(int Size, SignedNote Note, byte[][] Tokens)> Anchors { get; } = [];

    /// <summary>The creation time that manifests name.</summary>
    public static DateTimeOffset Created { get; } = TestAuthority.Now.AddMinutes(2);

    /// <summary>Policy bundles that come along, whatever their bytes.</summary>
    public List<byte[]> Policies { get; } = [];

    /// <summary>The policy engine that comes along; null: none.</summary>
    public byte[]? Engine { get; set; }

    public List<(RecordId Record, string Member, byte[] Key, byte[] Content)> Contents { get; } = [];

    public TrustPolicy Policy => PolicyWith("quorum none\n");

    public X509Certificate2 Root => _root;

    public TrustPolicy PolicyWith(string logLines, string? origin = null, X509Certificate2? root = null) => TrustPolicy.Parse(
        string.Concat(_signers.Select(signer => $"log {(origin is null ? signer.VerifierKey : new VerifierKey(origin, signer.VerifierKey.Type, signer.VerifierKey.PublicKey))}\n"))
        + logLines
        + $"trustdomain example.org {Convert.ToBase64String((root ?? _root).RawData)}\n"
        + "emitter agent spiffe://example.org/agent/*\nemitter gateway spiffe://example.org/gateway/*\n");

    public TestEmitter Emitter(string path, string? actor = null, X509Certificate2? root = null)
    {
        var emitter = new TestEmitter(root ?? _root, Trace, path, actor);
        _emitters.Add(emitter);
        return emitter;
    }

    /// <summary>An operator of the ledger, which writes into a trail of its own.</summary>
    public TestEmitter Operator(X509Certificate2? root = null, string path = "operator/ledger")
    {
        var emitter = new TestEmitter(root ?? _root, TraceId.New(), path);
        _emitters.Add(emitter);
        return emitter;
    }

    /// <summary>Appends a statement with changes of trust bundles.</summary>
    public void AppendTrust(TestEmitter emitter, params TrustChange[] changes)
    {
        LeftOut.Add(Entries.Count);
        TrustChanges.Add(Entries.Count);
        Append(emitter, [.. changes.Select(emitter.TrustChanged)]);
    }

    /// <summary>Appends a statement that is no part of the trail, and gives its index.</summary>
    public int AppendElsewhere(TestEmitter emitter, params byte[][] records)
    {
        LeftOut.Add(Entries.Count);
        Append(emitter, records);
        return Entries.Count - 1;
    }

    /// <summary>Appends a statement that revokes a key.</summary>
    public void AppendRevocation(TestEmitter emitter, KeyRevocation revocation)
    {
        LeftOut.Add(Entries.Count);
        TrustChanges.Add(Entries.Count);
        Append(emitter, emitter.KeyRevoked(revocation));
    }

    public void Append(TestEmitter emitter, params byte[][] records) => Entries.Add(emitter.Sign(null, records));

    public void AppendKnowing(TestEmitter emitter, TreeHead head, params byte[][] records) => Entries.Add(emitter.Sign(head, records));

    public Digest[] Leaves() => [.. Entries.Select(entry => entry.Statement.LeafHash)];

    public TreeHead Head(int? size = null) => new(size ?? Entries.Count, MerkleTree.Root(Leaves().AsSpan(0, size ?? Entries.Count)));

    public SignedNote Checkpoint(TreeHead? head = null, params CheckpointSigner[] more) => CheckpointAt(head ?? Head(), TestAuthority.Now.AddMinutes(1), more);

    public SignedNote CheckpointAt(TreeHead head, DateTimeOffset time, params CheckpointSigner[] more)
    {
        var checkpoint = new Checkpoint(Origin, head.Size, head.Root);
        return new SignedNote(checkpoint.Body, [.. _signers.Concat(more).Select(signer => signer.Sign(checkpoint, time))]);
    }

    /// <summary>The bundle's bytes.</summary>
    public byte[] Bundle(SignedNote? checkpoint = null, IEnumerable<int>? order = null)
    {
        using var assembler = new BundleAssembler(_ => new MemoryStream());
        var leaves = Leaves();
        var heads = new SortedDictionary<long, TreeHead>();
        foreach (var index in order ?? Enumerable.Range(0, Entries.Count).Where(index => !LeftOut.Contains(index)))
        {
            var (statement, records) = Entries[index];
            var hashes = records.Select(record => MerkleHash.Leaf(record)).ToArray();
            var present = Enumerable.Range(0, records.Length).Where(i => Record.Parse(records[i]).Trace == Trace).ToList();
            var siblings = Enumerable.Range(0, records.Length).Except(present).Select(i => hashes[i]).ToList();
            assembler.Add(
                statement,
                new StatementProof(index, siblings.Count == 0 ? null : present, siblings, MerkleTree.InclusionPath(leaves, index), present.SelectMany(i => hashes[i].ToArray()[..4]).ToArray()),
                present.Select(i => (ReadOnlyMemory<byte>)records[i]));
            if (statement.Payload.KnownHead is { } head)
            {
                heads.TryAdd(head.Size, head);
            }
        }

        foreach (var head in heads.Values)
        {
            assembler.Add(new HeadProof(head, MerkleTree.ConsistencyPath(leaves, (int)head.Size)));
        }

        foreach (var policy in Policies.OrderBy(policy => Digest.Sha256(policy).ToString(), StringComparer.Ordinal))
        {
            assembler.Add(new BundledPolicy(Digest.Sha256(policy), policy.Length), policy);
        }

        if (Engine is { } engine)
        {
            assembler.AddEngine(engine);
        }

        foreach (var (size, note, tokens) in Anchors)
        {
            assembler.Add(new Anchor(note.Encode(), MerkleTree.ConsistencyPath(leaves, size), [.. tokens.Select(token => (ReadOnlyMemory<byte>)token)]));
        }

        foreach (var index in TrustChanges)
        {
            var (statement, records) = Entries[index];
            assembler.Add(new TrustEvidence(index, statement.Bytes, null, [.. records.Select(record => (ReadOnlyMemory<byte>)record)], [], MerkleTree.InclusionPath(leaves, index)));
        }

        foreach (var (index, note) in Successions)
        {
            var (statement, records) = Entries[index];
            var size = (int)Evidence.Checkpoints.Checkpoint.Of(note).Size;
            assembler.Add(new SuccessionEvidence(
                note.Encode(), size <= leaves.Length ? MerkleTree.ConsistencyPath(leaves, size) : [],
                new TrustEvidence(index, statement.Bytes, null, [.. records.Select(record => (ReadOnlyMemory<byte>)record)], [], MerkleTree.InclusionPath(leaves, index))));
        }

        foreach (var emitter in _emitters)
        {
            assembler.Add(new CertificateChain(Digest.Sha256(emitter.Certificate), [emitter.Certificate]));
        }

        foreach (var (record, member, key, content) in Contents)
        {
            assembler.Add(record, member, key, content);
        }

        using var output = new MemoryStream();
        assembler.Finish(output, Trace, checkpoint ?? Checkpoint(), Policy, Created);
        return output.ToArray();
    }

    /// <summary>The usual story: a gateway for the root agent and one for the agent that it called, each with actions; all ends well.</summary>
    public static TestLedger Story(int actions = 2)
    {
        var ledger = new TestLedger();
        var root = ledger.Emitter("gateway/root");
        var helper = ledger.Emitter("gateway/helper", "agent/b");
        ledger.Append(root, root.Started());
        ledger.Append(helper, helper.OfAnotherTrail(), helper.Started(root.Task));
        for (var i = 0; i < actions; i++)
        {
            ledger.AppendKnowing(root, ledger.Head(), root.Requested(out var id), root.Completed(id));
            var request = helper.Requested(out var other);
            ledger.Append(helper, request);
            ledger.Append(helper, helper.Completed(other, "tool_error"));
        }

        ledger.Append(helper, helper.Ended());
        ledger.Append(root, root.Ended(helper));
        return ledger;
    }

    public void Dispose()
    {
        _emitters.ForEach(emitter => emitter.Dispose());
        _root.Dispose();
        foreach (var signer in _signers)
        {
            signer.Dispose();
        }
    }
}
