using System.Text.Json;
using Cairn.Broker.Proofs;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Verification;
using Cairn.Ledger;
using Cairn.Trails.Bundles;

// The tests check Unix modes and signals; the code itself also runs on Windows.
[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]

namespace Cairn.Broker.Tests;

/// <summary>A data directory with a real ledger, brokers on it, and the records that they leave.</summary>
internal sealed class BrokerBench : IDisposable
{
    public static readonly SpiffeId Orchestrator = SpiffeId.Parse("spiffe://cairn.local/agent/orchestrator");
    public static readonly SpiffeId Payments = SpiffeId.Parse("spiffe://cairn.local/agent/payments");
    public static readonly SpiffeId Gateway = SpiffeId.Parse("spiffe://cairn.local/gateway/mcp");

    public string Data { get; } = Path.Combine(Directory.CreateTempSubdirectory("cairn-broker-").FullName, "data");

    public TraceParent Context { get; } = new(TraceId.New(), SpanId.New());

    public HolderKey Key { get; } = HolderKey.Create();

    public List<string> Log { get; } = [];

    public BrokerSettings Settings { get; set; } = new()
    {
        Gateways = ["spiffe://cairn.local/gateway/*"],
        Workloads = [new WorkloadRule { Id = "spiffe://cairn.local/agent/*", Audience = ["https://tools.example"], Scope = ["read"], TtlS = 60 }],
    };

    public string HolderOf(HolderKey key) => $"jkt:{key.Thumbprint}";

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public Task<CredentialBroker> OpenAsync() => CredentialBroker.OpenAsync(
        new BrokerOptions { DataPath = Data, Settings = Settings, SweepEvery = null, Log = Note, Owner = "ops@example.org" }, Cancel);

    public ValueTask<IssuedToken> GrantAsync(CredentialBroker broker, SpiffeId? mayAct = null, TimeSpan? ttl = null, IReadOnlyList<string>? audience = null) => broker.GrantAsync(
        new GrantRequest
        {
            Subject = "ana@example.org", Audience = audience ?? ["https://pay.example", "https://mail.example"], Scope = ["pay", "read", "send"], Ttl = ttl ?? TimeSpan.FromMinutes(10),
            MayAct = mayAct, Context = Context, By = "operator",
        },
        Cancel);

    public ExchangeRequest Request(SpiffeId client, string? subject, HolderKey? key = null) => new()
    {
        Client = client, SubjectToken = subject, HolderKey = HolderOf(key ?? Key), Context = Context, Instance = "host:1", Owner = "team@example.org",
    };

    /// <summary>The records of a trail, as the real ledger holds them.</summary>
    public async Task<IReadOnlyList<Record>> RecordsAsync(TraceId? trace = null)
    {
        await using var ledger = await EmbeddedLedger.OpenAsync(LedgerDirectory.Open(Data), new EmbeddedLedgerOptions { Sequence = false, Log = Note }, Cancel);
        var records = new List<Record>();
        await foreach (var entry in ledger.ReadAsync(0, ledger.Count(), Cancel))
        {
            records.AddRange(entry.Records.Select(r => Record.Parse(r)).Where(r => r.Trace == (trace ?? Context.Trace)));
        }

        return records;
    }

    /// <summary>The bodies of a trail's <c>credential.*</c> records of one kind.</summary>
    public async Task<IReadOnlyList<JsonElement>> BodiesAsync(string kind) => [.. (await RecordsAsync()).Where(r => r.Kind == kind).Select(r => r.Body)];

    /// <summary>Exports the trail and verifies the bundle as a stranger does.</summary>
    public async Task<VerificationReport> VerifyAsync()
    {
        var path = Path.Combine(Path.GetDirectoryName(Data)!, "evidence.cairn.zip");
        var directory = LedgerDirectory.Open(Data);
        await using (var ledger = await EmbeddedLedger.OpenAsync(directory, new EmbeddedLedgerOptions { Log = Note }, Cancel))
        {
            await BundleWriter.WriteAsync(ledger, directory, Context.Trace, path, cancellationToken: Cancel);
        }

        await using var file = File.OpenRead(path);
        return BundleVerifier.Verify(file, directory.TrustPolicy(), cancellationToken: Cancel);
    }

    public static string Text(JsonElement body, string name) => body.GetProperty(name).GetString()!;

    public void Dispose()
    {
        Key.Dispose();
        Directory.Delete(Path.GetDirectoryName(Data)!, recursive: true);
    }

    internal void Note(string message)
    {
        lock (Log)
        {
            Log.Add(message);
        }
    }
}
