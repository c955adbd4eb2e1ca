using System.Text;
using Cairn.Evidence;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Trust;
using Cairn.Identity;

namespace Cairn.Trails.Drills;

/// <summary>
/// A ledger in memory with keys of its own, for drills: whoever attacks evidence needs some that is theirs. Its authority
/// keeps its key in a temporary folder, which goes with the ledger.
/// </summary>
internal sealed class DrillLedger : IDisposable
{
    public const string Origin = "drill.example/ledger";
    public const string TrustDomain = "drill.example";

    private readonly string _folder = Directory.CreateTempSubdirectory("cairn-drill-tamper-").FullName;
    private readonly LocalAuthority _authority;
    private readonly CheckpointSigner[] _signers;
    private readonly DrillTimestamper _timestamper;
    private readonly List<DrillEmitter> _emitters = [];
    private readonly List<DrillEntry> _entries = [];

    public DrillLedger(string origin = Origin)
    {
        Name = origin;
        _authority = LocalAuthority.Create(_folder, TrustDomain);
        _signers = [CheckpointSigner.Generate(KeyType.Ed25519, origin), CheckpointSigner.Generate(KeyType.MlDsa44, origin)];
        _timestamper = new DrillTimestamper(Time);
    }

    /// <summary>The log's name.</summary>
    public string Name { get; }

    /// <summary>The second of which everything is dated.</summary>
    public DateTimeOffset Time { get; } = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds());

    /// <summary>The statements with their records, in ledger order.</summary>
    public IReadOnlyList<DrillEntry> Entries => _entries;

    /// <summary>Whom a verifier of this ledger trusts.</summary>
    public TrustPolicy Policy => TrustPolicy.Parse(
        string.Concat(_signers.Select(signer => $"log {signer.VerifierKey}\n")) + "quorum none\n"
        + $"trustdomain {TrustDomain} {Convert.ToBase64String(_authority.RootCertificate)}\n"
        + $"timestamper {DrillTimestamper.Name} {Convert.ToBase64String(_timestamper.Root)}\n"
        + $"emitter gateway spiffe://{TrustDomain}/gateway/*\n"
        + $"emitter operator spiffe://{TrustDomain}/operator/*\n");

    /// <summary>The keys that the log begins with.</summary>
    public IReadOnlyList<CheckpointSigner> Signers => _signers;

    /// <summary>The authority's trust bundle, as the first of the ledger.</summary>
    public TrustChange FirstTrust => new(TrustDomain, null, _authority.Bundle().Encode(), "drill", "first");

    /// <summary>A new emitter of a trail.</summary>
    public DrillEmitter Emitter(TraceId trace, string path) => Emitter(trace, "gateway", path);

    /// <summary>The operator, in a trail of its own.</summary>
    public DrillEmitter Operator() => Emitter(TraceId.New(), "operator", "ledger");

    private DrillEmitter Emitter(TraceId trace, string role, string path)
    {
        var id = SpiffeId.Parse($"spiffe://{TrustDomain}/{role}/{path}");
        var emitter = new DrillEmitter(_authority.Issue(id, TimeSpan.FromHours(1)), trace, Time);
        _emitters.Add(emitter);
        return emitter;
    }

    /// <summary>Appends a statement of that emitter over these records.</summary>
    public void Append(DrillEmitter emitter, params byte[][] records) => Append(emitter.Sign(Head(), records));

    /// <summary>Appends a statement.</summary>
    public void Append(DrillEntry entry) => _entries.Add(entry);

    /// <summary>The tree of the first <paramref name="size"/> statements, of all without it.</summary>
    public TreeHead? Head(int? size = null) =>
        (size ?? _entries.Count) is var count and > 0 ? new TreeHead(count, MerkleTree.Root(Leaves(count))) : null;

    /// <summary>The signed checkpoint of the first <paramref name="size"/> statements, of all without it.</summary>
    public SignedNote Checkpoint(int? size = null) => Checkpoint(_signers, size);

    /// <summary>The checkpoint, signed by those keys.</summary>
    public SignedNote Checkpoint(IEnumerable<CheckpointSigner> signers, int? size = null)
    {
        var head = Head(size) ?? throw new InvalidOperationException("a drill's ledger has statements");
        var checkpoint = new Checkpoint(Name, head.Size, head.Root);
        return new SignedNote(checkpoint.Body, [.. signers.Select(signer => signer.Sign(checkpoint, Time.AddSeconds(30)))]);
    }

    /// <summary>The trail as an honest exporter puts it together under the checkpoint of that size.</summary>
    public DrillBundle Export(TraceId trace, int? size = null)
    {
        var leaves = Leaves(size ?? _entries.Count);
        var own = Enumerable.Range(0, leaves.Length).Where(i => _entries[i].Trace == trace).ToList();
        return new DrillBundle(trace, Checkpoint(size), Policy, Time.AddMinutes(1))
        {
            Statements = [.. own.Select(i => new DrillStatement(
                _entries[i].Statement,
                new StatementProof(i, null, [], MerkleTree.InclusionPath(leaves, i), Hints(_entries[i].Records)),
                _entries[i].Records))],
            Heads = [.. own.Select(i => _entries[i].Statement.Payload.KnownHead).OfType<TreeHead>().DistinctBy(head => head.Size).OrderBy(head => head.Size)
                .Select(head => new HeadProof(head, MerkleTree.ConsistencyPath(leaves, (int)head.Size)))],
            Certificates = [.. _emitters.Where(emitter => emitter.Trace == trace).Select(emitter => new CertificateChain(Digest.Sha256(emitter.Chain[0]), [.. emitter.Chain.Select(der => (ReadOnlyMemory<byte>)der)]))],
        };
    }

    /// <summary>The proof that a statement retired keys, with the checkpoint that those signers give.</summary>
    public SuccessionEvidence Succession(int index, int size, IEnumerable<CheckpointSigner> signers)
    {
        var (leaves, entry) = (Leaves(_entries.Count), _entries[index]);
        return new SuccessionEvidence(
            Checkpoint(signers, size).Encode(), MerkleTree.ConsistencyPath(leaves, size),
            new TrustEvidence(index, entry.Statement.Bytes, null, [.. entry.Records.Select(record => (ReadOnlyMemory<byte>)record)], [], MerkleTree.InclusionPath(leaves, index)));
    }

    /// <summary>The checkpoint of the first <paramref name="size"/> statements as an anchor of the whole ledger, with a token over it.</summary>
    public Anchor Anchor(int size)
    {
        var note = Checkpoint(size);
        return new Anchor(note.Encode(), MerkleTree.ConsistencyPath(Leaves(_entries.Count), size), [_timestamper.Stamp(Encoding.UTF8.GetBytes(note.Body), Time.AddSeconds(45))]);
    }

    /// <summary>A statement of the ledger as evidence of the change of trust that it holds.</summary>
    public TrustEvidence Trust(int index) => new(
        index, _entries[index].Statement.Bytes, null, [.. _entries[index].Records.Select(record => (ReadOnlyMemory<byte>)record)], [], MerkleTree.InclusionPath(Leaves(_entries.Count), index));

    public static byte[] Hints(IEnumerable<byte[]> records) => [.. records.SelectMany(record => MerkleHash.Leaf(record).ToArray()[..4])];

    public void Dispose()
    {
        _emitters.ForEach(emitter => emitter.Dispose());
        _authority.Dispose();
        _timestamper.Dispose();
        foreach (var signer in _signers)
        {
            signer.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private Digest[] Leaves(int size) => [.. _entries.Take(size).Select(entry => entry.Statement.LeafHash)];
}

/// <summary>A statement of the ledger, and the records that it signs.</summary>
internal sealed record DrillEntry(TraceId Trace, SignedStatement Statement, byte[][] Records);
