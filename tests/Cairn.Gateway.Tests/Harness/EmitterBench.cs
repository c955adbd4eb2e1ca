using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Tests.Records;
using Cairn.Gateway.Approvals;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Tests.Authority;
using Cairn.Identity;
using Cairn.Policy;
using Cairn.Sdk;

namespace Cairn.Gateway.Tests.Harness;

/// <summary>A real emitter on a ledger in memory, with a desk and a folder of its own, for ways in that make their own pipeline.</summary>
internal sealed class EmitterBench : IAsyncDisposable
{
    private static readonly StructuralSchema Schemas = new(Path.Combine(TestPaths.Root, "docs", "spec", "schemas"));

    private readonly LocalAuthority _authority;

    private EmitterBench(LocalAuthority authority, Emitter emitter, string data, RecordingLedger ledger, StringWriter log) =>
        (_authority, Emitter, Data, Ledger, Log, Desk) = (authority, emitter, data, ledger, log, ApprovalDesk.Open(data, log: log));

    public Emitter Emitter { get; }

    public string Data { get; }

    public RecordingLedger Ledger { get; }

    public StringWriter Log { get; }

    public ApprovalDesk Desk { get; }

    public ITrailKeys Keys { get; } = new SevenKeys();

    public IReadOnlyList<Record> Records => Ledger.Records;

    public IEnumerable<string> Kinds => Records.Select(r => r.Kind);

    public static async Task<EmitterBench> StartAsync()
    {
        var (data, ledger, log) = (TestPaths.Scratch(), new RecordingLedger(), new StringWriter());
        var authority = LocalAuthority.Create(Path.Combine(data, "ca"), "test.local");
        return new EmitterBench(authority, await EmitterAsync(authority, data, ledger, log), data, ledger, log);
    }

    /// <summary>A further emitter of the same issuer on the same ledger: another process's.</summary>
    public Task<Emitter> AnotherEmitterAsync() => EmitterAsync(_authority, Data, Ledger, Log);

    public string this[string name] => Path.Combine(Data, name);

    public ActionPipelineOptions Deciding(Func<AuthorizationRequest, PolicyDecision>? decide = null, CaptureProfile capture = CaptureProfile.Metadata) => new()
    {
        Policy = decide is null ? null : new DecidingPolicy(decide),
        Approvals = Desk,
        Capture = capture,
        Log = Log,
    };

    public Record Only(string kind) => Assert.Single(Records, r => r.Kind == kind);

    public Task FlushAsync() => Emitter.FlushAsync().WaitAsync(TimeSpan.FromSeconds(10));

    /// <summary>What is wrong with the records by docs/spec/schemas.</summary>
    public IReadOnlyList<string> SchemaErrors() =>
        [.. Records.SelectMany(r => Schemas.Errors($"{r.Kind}.schema.json", JsonElement.Parse(r.Bytes.Span)).Select(error => $"{r.Kind} {error}"))];

    /// <summary>All records as text, to look for what must not be there.</summary>
    public string RecordText() => string.Join('\n', Records.Select(r => Encoding.UTF8.GetString(r.Bytes.Span)));

    public async ValueTask DisposeAsync()
    {
        Desk.Dispose();
        await Emitter.DisposeAsync();
        _authority.Dispose();
        Directory.Delete(Data, recursive: true);
    }

    private static Task<Emitter> EmitterAsync(LocalAuthority authority, string data, RecordingLedger ledger, StringWriter log)
    {
        var issuer = SpiffeId.Parse("spiffe://test.local/gateway/way");
        return Emitter.StartAsync(
            new EmitterOptions
            {
                Issuer = issuer,
                Signer = authority.SourceFor(issuer),
                SpoolPath = Path.Combine(data, "spool"),
                DurableTimeout = TimeSpan.FromSeconds(1),
                MaxBackoff = TimeSpan.FromMilliseconds(100),
                ShutdownTimeout = TimeSpan.FromSeconds(1),
                Log = log.WriteLine,
            },
            ledger);
    }

    private sealed class SevenKeys : ITrailKeys
    {
        public byte[] KeyFor(TraceId trace) => [.. Enumerable.Repeat((byte)7, 32)];
    }
}
