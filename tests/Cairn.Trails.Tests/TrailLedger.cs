using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Records;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Submissions;
using Cairn.Identity;
using Cairn.Ledger;
using Cairn.TrailGenerator;

namespace Cairn.Trails.Tests;

/// <summary>A real ledger in a temporary folder, and one gateway that writes trails into it.</summary>
internal sealed class TrailLedger : IAsyncDisposable
{
    private readonly string _folder;
    private readonly Svid _svid;
    private readonly StatementSigner _signer;
    private readonly StreamId _stream = StreamId.New();
    private long _seq;
    private Digest _previous;

    private TrailLedger(string folder, LedgerDirectory directory, EmbeddedLedger ledger)
    {
        (_folder, Directory, Ledger) = (folder, directory, ledger);
        using var authority = LocalAuthority.Open(directory.KeysPath, directory.TrustDomain);
        var id = SpiffeId.Parse($"spiffe://{directory.TrustDomain}/gateway/test");
        _svid = authority.Issue(id, TimeSpan.FromHours(1));
        _signer = StatementSigner.WithSvid(id, _svid.Key, _svid.Chain);
    }

    public LedgerDirectory Directory { get; }

    public EmbeddedLedger Ledger { get; }

    public string PathOf(string name) => Path.Combine(_folder, name);

    public static async Task<TrailLedger> OpenAsync()
    {
        var folder = System.IO.Directory.CreateTempSubdirectory("cairn-trails-").FullName;
        var directory = LedgerDirectory.OpenOrCreate(Path.Combine(folder, "data"));
        return new TrailLedger(folder, directory, await EmbeddedLedger.OpenAsync(directory, new EmbeddedLedgerOptions { Log = _ => { } }, default));
    }

    /// <summary>A whole trail of one task with so many actions, each in a statement of its own.</summary>
    public async Task<TraceId> TellAsync(int actions)
    {
        var (trace, task, seq) = (TraceId.New(), SpanId.New(), 0L);
        var actor = new Actor(SpiffeId.Parse($"spiffe://{Directory.TrustDomain}/agent/a"), "host:1", "team@example.org");
        byte[] Write(string kind, Action<Utf8JsonWriter> body, RecordId? id = null) => RecordWriter.Write(
            new RecordHeader(id ?? RecordId.New(DateTimeOffset.UtcNow), kind, DateTimeOffset.UtcNow, trace, task, null, null, seq++, actor), body);

        await SubmitAsync(Write(RecordKinds.TaskStarted, w => w.WriteString("principal", "alice")));
        for (var i = 0; i < actions; i++)
        {
            var id = RecordId.New(DateTimeOffset.UtcNow);
            await SubmitAsync(
                Write(RecordKinds.ActionRequested, w => w.WriteString("resource", "mcp://files/tools/read_file"), id),
                Write(RecordKinds.ActionCompleted, w =>
                {
                    w.WriteString("requested", id.ToString());
                    w.WriteString("status", "ok");
                }));
        }

        var count = seq + 1;
        await SubmitAsync(Write(RecordKinds.TaskEnded, w =>
        {
            w.WriteString("status", "done");
            w.WriteStartArray("emitters");
            w.WriteStartObject();
            w.WriteString("emitter", _signer.Issuer.ToString());
            w.WriteString("stream", _stream.ToString());
            w.WriteNumber("records", count);
            w.WriteEndObject();
            w.WriteEndArray();
        }));
        return trace;
    }

    /// <summary>A story's records, all signed by this ledger's gateway in one statement.</summary>
    public async Task<TraceId> TellAsync(TrailStory story)
    {
        await SubmitAsync([.. story.Records.Select(record => record.Record.Bytes.ToArray())]);
        return story.Trace;
    }

    /// <summary>A generated trail, each of its emitters with a certificate and a stream of its own.</summary>
    public async Task<TraceId> TellAsync(FleetOptions options)
    {
        var fleet = new Fleet(options with { TrustDomain = Directory.TrustDomain, Begins = DateTimeOffset.UtcNow });
        using var authority = LocalAuthority.Open(Directory.KeysPath, Directory.TrustDomain);
        var streams = new Dictionary<FleetEmitter, (long Seq, Digest Previous)>();
        var svids = fleet.Emitters.ToDictionary(emitter => emitter, emitter => authority.Issue(emitter.Id, TimeSpan.FromHours(1)));
        TraceId? trace = null;
        try
        {
            foreach (var (emitter, records) in Arrivals.Of(fleet.Trail(), fleet))
            {
                var (seq, previous) = streams.GetValueOrDefault(emitter);
                using var signer = StatementSigner.WithSvid(emitter.Id, svids[emitter].Key, svids[emitter].Chain);
                var root = MerkleTree.Root(records.Select(record => MerkleHash.Leaf(record.Span)).ToArray());
                var statement = signer.Sign(new StatementPayload(emitter.Stream, seq, previous, records.Count, root, KnownHead: null), includeChain: seq == 0);
                streams[emitter] = (seq + 1, statement.Hash);
                await Ledger.SubmitAsync([new Submission(statement, records, [])], default);
                trace ??= Evidence.Records.Record.Parse(records[0]).Trace;
            }
        }
        finally
        {
            foreach (var svid in svids.Values)
            {
                svid.Dispose();
            }
        }

        return trace!.Value;
    }

    public async ValueTask DisposeAsync()
    {
        await Ledger.DisposeAsync();
        _signer.Dispose();
        _svid.Dispose();
        System.IO.Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Records in one statement.</summary>
    public async Task SubmitAsync(params byte[][] records)
    {
        var root = MerkleTree.Root(records.Select(record => MerkleHash.Leaf(record)).ToArray());
        var known = await Ledger.NewestHeadAsync(default);
        var statement = _signer.Sign(new StatementPayload(_stream, _seq, _previous, records.Length, root, known), includeChain: _seq == 0);
        (_seq, _previous) = (_seq + 1, statement.Hash);
        await Ledger.SubmitAsync([new Submission(statement, [.. records.Select(record => (ReadOnlyMemory<byte>)record)], [])], default);
    }
}
