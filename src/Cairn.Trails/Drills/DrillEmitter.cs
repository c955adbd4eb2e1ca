using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Records;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Trust;
using Cairn.Identity;

namespace Cairn.Trails.Drills;

/// <summary>An emitter of a drill: one stream in one trail, which counts its records and chains its statements as emitters do.</summary>
internal sealed class DrillEmitter : IDisposable
{
    private readonly Svid _svid;
    private readonly StatementSigner _signer;
    private readonly Actor _actor;
    private readonly SpanId _task = SpanId.New();
    private DateTimeOffset _time;
    private long _records, _statements;
    private Digest _previous;

    public DrillEmitter(Svid svid, TraceId trace, DateTimeOffset time)
    {
        (_svid, Trace, _time) = (svid, trace, time);
        _signer = StatementSigner.WithSvid(svid.Id, svid.Key, svid.Chain);
        _actor = new Actor(SpiffeId.Parse($"spiffe://{svid.Id.TrustDomain}/agent/drill"), "drill/1", "drill@example.org");
    }

    public TraceId Trace { get; }

    public StreamId Stream { get; } = StreamId.New();

    /// <summary>Its certificates, leaf first.</summary>
    public IReadOnlyList<byte[]> Chain => _svid.Chain;

    /// <summary>The task's first record; with <paramref name="caller"/>, of a task that another emitter's called.</summary>
    public byte[] Started(DrillEmitter? caller = null) => Write(RecordKinds.TaskStarted, _task, caller?._task, w =>
    {
        w.WriteString("principal", "alice");
        w.WriteString("authenticated", "os");
        w.WriteString("channel", "mcp/stdio");
        w.WriteString("owner", "drill@example.org");
    });

    /// <summary>The two records of an action.</summary>
    public byte[][] Action(string tool)
    {
        var (span, id) = (SpanId.New(), RecordId.New(_time));
        var requested = Write(RecordKinds.ActionRequested, span, _task, w =>
        {
            w.WriteString("type", "tool.call");
            w.WriteString("resource", $"mcp://drill/tools/{tool}");
            w.WriteBoolean("strict", true);
        }, id);
        var completed = Write(RecordKinds.ActionCompleted, span, _task, w =>
        {
            w.WriteString("type", "tool.call");
            w.WriteString("resource", $"mcp://drill/tools/{tool}");
            w.WriteString("requested", id.ToString());
            w.WriteString("status", "ok");
            w.WriteNumber("duration_us", 5);
        });
        return [requested, completed];
    }

    /// <summary>The task's last record, which counts this stream and those of <paramref name="others"/>.</summary>
    public byte[] Ended(params DrillEmitter[] others)
    {
        var own = _records + 1;
        return Write(RecordKinds.TaskEnded, _task, null, w =>
        {
            w.WriteString("status", "done");
            w.WriteStartArray("emitters");
            foreach (var (emitter, records) in others.Select(other => (other, other._records)).Prepend((this, own)))
            {
                w.WriteStartObject();
                w.WriteString("emitter", emitter._svid.Id.ToString());
                w.WriteString("stream", emitter.Stream.ToString());
                w.WriteNumber("records", records);
                w.WriteEndObject();
            }

            w.WriteEndArray();
        });
    }

    /// <summary>A record that retires keys of the log.</summary>
    public byte[] Retires(KeyRotation rotation) => Write(RecordKinds.LedgerKeyRotated, _task, null, rotation.WriteTo);

    /// <summary>A change of a trust bundle, by its operator.</summary>
    public byte[] TrustChanged(TrustChange change) => Write(RecordKinds.LedgerTrustChanged, _task, null, change.WriteTo);

    /// <summary>Signs the stream's next statement.</summary>
    public DrillEntry Sign(TreeHead? known, params byte[][] records)
    {
        var root = MerkleTree.Root([.. records.Select(record => MerkleHash.Leaf(record))]);
        var statement = Sign(new StatementPayload(Stream, _statements, _previous, records.Length, root, known));
        (_statements, _previous) = (_statements + 1, statement.Hash);
        return new DrillEntry(Trace, statement, records);
    }

    /// <summary>Signs any payload, with the chain in a stream's first statement.</summary>
    public SignedStatement Sign(StatementPayload payload) => _signer.Sign(payload, includeChain: payload.Seq == 0);

    public void Dispose()
    {
        _signer.Dispose();
        _svid.Dispose();
    }

    private byte[] Write(string kind, SpanId span, SpanId? parent, Action<Utf8JsonWriter> body, RecordId? id = null)
    {
        _time = _time.AddMilliseconds(1);
        return RecordWriter.Write(new RecordHeader(id ?? RecordId.New(_time), kind, _time, Trace, span, parent, null, _records++, _actor), body);
    }
}
