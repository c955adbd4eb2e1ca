using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Submissions;
using Cairn.Identity;

// The tests check Unix modes, flock and signals; the code itself also runs on Windows.
[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]

namespace Cairn.Sdk.Tests.Support;

/// <summary>A folder with an authority, a spool and a log, for one test.</summary>
internal sealed class EmitterBench : IDisposable
{
    public static readonly SpiffeId Agent = SpiffeId.Parse("spiffe://example.org/agent/a");

    private readonly List<string> _log = [];

    public EmitterBench()
    {
        Authority = LocalAuthority.Create(Path.Combine(Folder, "keys"), "example.org");
        Ledger = new MemoryLedger(Authority.RootCertificate);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("cairn-sdk-").FullName;

    public string Spool => Path.Combine(Folder, "spool");

    public LocalAuthority Authority { get; }

    public MemoryLedger Ledger { get; }

    public TraceId Trace { get; } = TraceId.New();

    public IReadOnlyList<string> Log
    {
        get
        {
            lock (_log)
            {
                return [.. _log];
            }
        }
    }

    public EmitterOptions Options => new()
    {
        Issuer = Agent,
        Signer = Authority.SourceFor(Agent),
        SpoolPath = Spool,
        DurableTimeout = TimeSpan.FromSeconds(30),
        ShutdownTimeout = TimeSpan.FromSeconds(2),
        MaxBackoff = TimeSpan.FromMilliseconds(200),
        Log = message =>
        {
            lock (_log)
            {
                _log.Add(message);
            }
        },
    };

    public Task<Emitter> StartAsync(Func<EmitterOptions, EmitterOptions>? change = null, ILedgerClient? ledger = null) =>
        Emitter.StartAsync(change?.Invoke(Options) ?? Options, ledger ?? Ledger, TestContext.Current.CancellationToken);

    public RecordDraft Draft(string note = "", TraceId? trace = null, string kind = RecordKinds.ContextCaptured) => new()
    {
        Kind = kind,
        Trace = trace ?? Trace,
        Span = SpanId.New(),
        Actor = new Actor(Agent, "test", "owner@example.org"),
        Body = writer =>
        {
            writer.WriteString("subject"u8, "agent");
            writer.WriteString("name"u8, note);
        },
    };

    /// <summary>Files that wait in the spool, rejected ones included.</summary>
    public string[] SpoolFiles(string pattern = "*") =>
        Directory.Exists(Spool) ? [.. Directory.GetFiles(Spool, pattern, SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Spool, f))] : [];

    public void Dispose()
    {
        Authority.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    public static async Task Until(Func<bool> condition, string what)
    {
        for (var i = 0; i < 500; i++)
        {
            if (condition())
            {
                return;
            }

            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        Assert.Fail($"waited 10 s in vain for: {what}");
    }
}
