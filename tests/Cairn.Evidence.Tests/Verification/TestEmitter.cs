using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Records;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Tests.Statements;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Tests.Verification;

/// <summary>An emitter that tells a story: one stream, one trail.</summary>
internal sealed class TestEmitter : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly StatementSigner _signer;
    private readonly TraceId _trace;
    private readonly SpanId _task = SpanId.New();
    private readonly Actor _actor;
    private long _seq;
    private Digest _previous;
    private long _record;
    private DateTimeOffset _time = TestAuthority.Now;

    public TestEmitter(X509Certificate2 root, TraceId trace, string path, string? actor = null)
    {
        Issuer = SpiffeId.Parse($"spiffe://example.org/{path}");
        var leaf = TestAuthority.Leaf(root, _key, request => TestAuthority.Svid(request, [Issuer.ToString()]));
        _signer = StatementSigner.WithSvid(Issuer, _key, [leaf]);
        (Certificate, _trace) = (leaf, trace);
        _actor = new Actor(SpiffeId.Parse($"spiffe://example.org/{actor ?? "agent/a"}"), "host:1", "team@example.org");
    }

    public SpiffeId Issuer { get; }

    public byte[] Certificate { get; }

    /// <summary>SHA-256 of its key's SubjectPublicKeyInfo.</summary>
    public Digest Key => Digest.Sha256(_key.ExportSubjectPublicKeyInfo());

    public StreamId Stream { get; } = StreamId.New();

    public SpanId Task => _task;

    public long Records => _record;

    public byte[] Started(SpanId? parent = null) => Write(RecordKinds.TaskStarted, _task, parent, w =>
    {
        w.WriteString("principal", "alice");
        w.WriteString("authenticated", "os");
        w.WriteString("channel", "mcp/stdio");
        w.WriteString("owner", "team@example.org");
    });

    public byte[] Requested(out RecordId id, HeldCommitment? input = null, RecordId? preassigned = null)
    {
        var given = preassigned ?? RecordId.New(_time);
        id = given;
        return Write(RecordKinds.ActionRequested, SpanId.New(), _task, w =>
        {
            w.WriteString("type", "tool.call");
            w.WriteString("resource", "mcp://files/tools/read_file");
            (input ?? new HeldCommitment(Digest.Sha256([]), 2, "application/json", ContentHandling.None)).WriteTo(w, "input");
            w.WriteBoolean("strict", true);
        }, given);
    }

    public byte[] Completed(RecordId requested, string status = "ok") => Write(RecordKinds.ActionCompleted, SpanId.New(), _task, w =>
    {
        w.WriteString("type", "tool.call");
        w.WriteString("resource", "mcp://files/tools/read_file");
        w.WriteString("requested", requested.ToString());
        w.WriteString("status", status);
        w.WriteNumber("duration_us", 5);
    });

    /// <summary>A decision under a policy bundle by an engine, whose input was not kept.</summary>
    public byte[] Decided(Digest policy, Digest engine) => Write(RecordKinds.PolicyDecided, SpanId.New(), _task, w =>
    {
        w.WriteString("bundle", $"sha256:{policy}");
        w.WriteString("version", "1");
        w.WriteString("entry_point", "authorize");
        new HeldCommitment(Digest.Sha256([]), 2, "application/json", ContentHandling.None).WriteTo(w, "input");
        w.WriteString("decision", "allow");
        w.WriteString("engine", "cedar");
        w.WriteString("engine_digest", $"sha256:{engine}");
        w.WriteString("reason", "permitted by all");
    });

    /// <summary>A change of a trust bundle.</summary>
    public byte[] TrustChanged(TrustChange change) => Write(RecordKinds.LedgerTrustChanged, _task, null, change.WriteTo);

    /// <summary>A change of the log's keys.</summary>
    public byte[] KeysRotated(Action<Utf8JsonWriter> body) => Write(RecordKinds.LedgerKeyRotated, _task, null, body);

    /// <summary>A revocation of a key.</summary>
    public byte[] KeyRevoked(KeyRevocation revocation) => Write(RecordKinds.LedgerKeyRevoked, _task, null, revocation.WriteTo);

    public byte[] Gap() => Write(RecordKinds.GapDeclared, SpanId.New(), null, w =>
    {
        w.WriteString("reason", "spool_torn");
        w.WriteNumber("count", 0);
    });

    public byte[] Ended(params TestEmitter[] others) => Ended(_record + 1, others);

    private byte[] Ended(long own, TestEmitter[] others) => Write(RecordKinds.TaskEnded, _task, null, w =>
    {
        w.WriteString("status", "done");
        w.WriteStartArray("emitters");
        foreach (var (emitter, records) in others.Select(other => (other, other.Records)).Prepend((this, own)))
        {
            w.WriteStartObject();
            w.WriteString("emitter", emitter.Issuer.ToString());
            w.WriteString("stream", emitter.Stream.ToString());
            w.WriteNumber("records", records);
            w.WriteEndObject();
        }

        w.WriteEndArray();
    });

    /// <summary>Signs records as one statement of the stream.</summary>
    public (SignedStatement Statement, byte[][] Records) Sign(TreeHead? known, params byte[][] records)
    {
        var leaves = records.Select(record => MerkleHash.Leaf(record)).ToArray();
        var statement = _signer.Sign(new StatementPayload(Stream, _seq, _previous, records.Length, MerkleTree.Root(leaves), known), includeChain: _seq == 0);
        (_seq, _previous) = (_seq + 1, statement.Hash);
        return (statement, records);
    }

    /// <summary>A record of another trail, as one emitter's statement may hold.</summary>
    public byte[] OfAnotherTrail() => RecordWriter.Write(
        new RecordHeader(RecordId.New(_time), RecordKinds.TaskStarted, _time, TraceId.New(), SpanId.New(), null, null, 0, _actor), w => w.WriteString("principal", "bob"));

    public void Dispose()
    {
        _signer.Dispose();
        _key.Dispose();
    }

    private byte[] Write(string kind, SpanId span, SpanId? parent, Action<Utf8JsonWriter> body, RecordId? id = null)
    {
        _time = _time.AddMilliseconds(1);
        return RecordWriter.Write(new RecordHeader(id ?? RecordId.New(_time), kind, _time, _trace, span, parent, null, _record++, _actor), body);
    }
}
