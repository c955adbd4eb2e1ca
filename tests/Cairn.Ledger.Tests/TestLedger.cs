using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Records;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Submissions;
using Cairn.Identity;

namespace Cairn.Ledger.Tests;

/// <summary>A data directory of the test's own, and an emitter that signs for it.</summary>
internal sealed class TestLedger : IDisposable
{
    public TestLedger()
    {
        Folder = System.IO.Directory.CreateTempSubdirectory("cairn-ledger-").FullName;
        Directory = LedgerDirectory.OpenOrCreate(Path.Combine(Folder, "data"));
    }

    public string Folder { get; }

    public LedgerDirectory Directory { get; }

    public Task<EmbeddedLedger> OpenAsync(EmbeddedLedgerOptions? options = null) =>
        EmbeddedLedger.OpenAsync(Directory, options ?? new EmbeddedLedgerOptions(), TestContext.Current.CancellationToken);

    public TestEmitter Emitter(string path = "/gateway/test") => new(Directory, SpiffeId.Parse($"spiffe://{Directory.TrustDomain}{path}"));

    public void Dispose() => System.IO.Directory.Delete(Folder, recursive: true);
}

/// <summary>Makes signed statements of one stream, in order.</summary>
internal sealed class TestEmitter : IDisposable
{
    private readonly StatementSigner _signer;
    private readonly SpiffeId _id;
    private readonly Dictionary<TraceId, long> _trailSeq = [];
    private Digest _previous;
    private long _seq;

    public TestEmitter(LedgerDirectory directory, SpiffeId id)
    {
        using var authority = LocalAuthority.Open(directory.KeysPath, directory.TrustDomain);
        var svid = authority.Issue(id, TimeSpan.FromHours(1));
        _signer = StatementSigner.WithSvid(id, svid.Key, svid.Chain);
        _id = id;
    }

    public StreamId Stream { get; } = StreamId.New();

    public TraceId Trace { get; } = TraceId.New();

    public byte[] Record(TraceId? trace = null)
    {
        var trail = trace ?? Trace;
        var seq = _trailSeq.GetValueOrDefault(trail);
        _trailSeq[trail] = seq + 1;
        var now = DateTimeOffset.UtcNow;
        now = now.AddTicks(-(now.Ticks % 10));
        return RecordWriter.Write(
            new RecordHeader(RecordId.New(now), RecordKinds.GapDeclared, now, trail, SpanId.New(), null, null, seq, new Actor(_id, "test", "owner@example.org")),
            json =>
            {
                json.WriteString("reason", "test");
                json.WriteNumber("count", 1);
            });
    }

    public Submission Next(int records = 1) => Sign([.. Enumerable.Range(0, records).Select(_ => (ReadOnlyMemory<byte>)Record())]);

    public Submission Sign(IReadOnlyList<ReadOnlyMemory<byte>> records)
    {
        var root = MerkleTree.Root([.. records.Select(record => MerkleHash.Leaf(record.Span))]);
        var statement = _signer.Sign(new StatementPayload(Stream, _seq, _previous, records.Count, root, null), includeChain: _seq == 0);
        (_seq, _previous) = (_seq + 1, statement.Hash);
        return new Submission(statement, records, []);
    }

    public void Dispose() => _signer.Dispose();
}
