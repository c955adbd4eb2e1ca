using System.Net.Http.Headers;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Ledger;
using Cairn.Sdk;

// The tests check Unix modes and signals; the code itself also runs on Windows.
[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]

namespace Cairn.Server.Tests;

/// <summary>A data directory, servers on it, and an emitter's folder on "another machine".</summary>
internal sealed class ServerBench : IDisposable
{
    public static readonly SpiffeId Agent = SpiffeId.Parse("spiffe://cairn.local/agent/a");

    public string Folder { get; } = Directory.CreateTempSubdirectory("cairn-server-").FullName;

    public string Data => Path.Combine(Folder, "data");

    public string Spool => Path.Combine(Folder, "client", "spool");

    public List<string> Log { get; } = [];

    public TraceId Trace { get; } = TraceId.New();

    public string JoinToken => File.ReadAllText(Path.Combine(Data, "enrol.token")).Trim();

    public string ReadToken => File.ReadAllText(Path.Combine(Data, "read.token")).Trim();

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public CairnServerOptions Options => new() { DataPath = Data, Url = "http://127.0.0.1:0", Log = Note };

    public Task<CairnServer> ServeAsync(Func<CairnServerOptions, CairnServerOptions>? change = null) =>
        CairnServer.StartAsync(change?.Invoke(Options) ?? Options, Cancel);

    public RemoteIdentity Identity(Uri server, string? token, SpiffeId? id = null, string folder = "client/identity") =>
        RemoteIdentity.Open(server, id ?? Agent, Path.Combine(Folder, folder), token);

    public EmitterOptions EmitterOptions(RemoteIdentity identity, bool spoolFirst = false) => new()
    {
        Issuer = Agent, Signer = identity, SpoolPath = Spool, SpoolFirst = spoolFirst, DurableTimeout = TimeSpan.FromSeconds(20),
        MaxBackoff = TimeSpan.FromMilliseconds(200), Log = Note,
    };

    public RecordDraft Draft(string name) => new()
    {
        Kind = RecordKinds.ContextCaptured, Trace = Trace, Span = SpanId.New(), Actor = new Actor(Agent, "test", "owner@example.org"),
        Body = writer =>
        {
            writer.WriteString("subject"u8, "agent");
            writer.WriteString("name"u8, name);
        },
    };

    public static HttpClient Http(Uri server, string? token = null)
    {
        var http = new HttpClient { BaseAddress = server };
        http.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return http;
    }

    /// <summary>The records of the trail as the real ledger holds them, in ledger order.</summary>
    public async Task<IReadOnlyList<Record>> RecordsAsync() => [.. (await AllRecordsAsync()).Where(r => r.Trace == Trace)];

    /// <summary>The records of every trail.</summary>
    public async Task<IReadOnlyList<Record>> AllRecordsAsync()
    {
        await using var ledger = await EmbeddedLedger.OpenAsync(LedgerDirectory.Open(Data), new EmbeddedLedgerOptions { Sequence = false, Log = Note }, Cancel);
        var records = new List<Record>();
        await foreach (var entry in ledger.ReadAsync(0, ledger.Count(), Cancel))
        {
            records.AddRange(entry.Records.Select(r => Record.Parse(r)));
        }

        return records;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private void Note(string message)
    {
        lock (Log)
        {
            Log.Add(message);
        }
    }
}
