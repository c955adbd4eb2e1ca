using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Verification;
using Cairn.Identity.Enrolment;
using Cairn.Ledger;
using Cairn.Sdk;
using Cairn.Trails.Bundles;

namespace Cairn.Workload.Tests;

/// <summary>An emitter whose SVIDs come over the socket, on a ledger on disk.</summary>
public sealed class EmitterTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(50));
    private readonly string _data = Path.Combine(Directory.CreateTempSubdirectory("cairn-wl-").FullName, "data");
    private readonly List<string> _log = [];
    private LedgerDirectory _directory = null!;
    private EmbeddedLedger _ledger = null!;
    private RegistrationEntry _entry = null!;

    private CancellationToken Soon => _patience.Token;

    public async ValueTask InitializeAsync()
    {
        _directory = LedgerDirectory.OpenOrCreate(_data, new LedgerSettings("example.org"));
        _ledger = await EmbeddedLedger.OpenAsync(_directory, new EmbeddedLedgerOptions(), Soon);
        _entry = Entries.Add(TestAuthority.Gateway, "team-billing", TimeSpan.FromSeconds(2), [TestAuthority.Myself]);
    }

    public async ValueTask DisposeAsync()
    {
        await _ledger.DisposeAsync();
        Directory.Delete(Path.GetDirectoryName(_data)!, recursive: true);
        _patience.Dispose();
    }

    private RegistrationEntries Entries => new(_directory.KeysPath, "example.org");

    [Fact]
    public async Task Emitter_under_load_signs_with_each_svid_in_turn_and_the_trail_verifies()
    {
        using var authority = TestAuthority.Open(_directory.KeysPath);
        await using var server = await authority.ServeAsync();
        await using var source = new WorkloadSvidSource(server.Endpoint, new WorkloadSourceOptions { Log = Note });
        var (trace, task) = (TraceId.New(), SpanId.New());
        await using (var emitter = await StartAsync(source))
        {
            emitter.Emit(Started(trace, task));
            var until = DateTimeOffset.UtcNow.AddSeconds(5);
            while (DateTimeOffset.UtcNow < until)
            {
                await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Act(emitter, trace, task)));
            }

            await emitter.FlushAsync(Soon);
            var own = new { emitter = emitter.Issuer.ToString(), stream = emitter.Stream.ToString(), records = emitter.RecordsIn(trace) + 1 };
            await emitter.EmitDurableAsync(Draft(trace, task, RecordKinds.TaskEnded, json =>
            {
                json.WriteString("status", "done");
                json.WritePropertyName("emitters");
                JsonSerializer.Serialize(json, new[] { own });
            }), Soon);
        }

        var statements = new List<LedgerEntry>();
        await foreach (var entry in _ledger.ReadAsync(0, _ledger.Count(), Soon))
        {
            statements.Add(entry);
        }

        var chains = statements.Where(entry => entry.Statement.X5Chain.Count > 0).ToList();
        Assert.InRange(chains.Count, 3, 20);
        Assert.Single(statements.Select(entry => entry.Statement.Payload.Stream).Distinct());
        Assert.Equal(chains.Count, statements.Select(entry => entry.Statement.X5t).Distinct().Count());

        var bundle = Path.Combine(_data, "trail.zip");
        await BundleWriter.WriteAsync(_ledger, _directory, trace, bundle, cancellationToken: Soon);
        await using var file = File.OpenRead(bundle);
        var report = BundleVerifier.Verify(file, _directory.TrustPolicy(), cancellationToken: Soon);
        Assert.True(report.Verified, JsonSerializer.Serialize(report.Integrity.Failures));
    }

    [Fact]
    public async Task Strict_emitter_refuses_once_its_svid_has_ended_and_goes_on_when_there_is_one_again()
    {
        using var authority = TestAuthority.Open(_directory.KeysPath);
        var server = await authority.ServeAsync();
        await using var source = new WorkloadSvidSource(server.Endpoint, new WorkloadSourceOptions { Log = Note, Patience = TimeSpan.FromMilliseconds(300), LongestPause = TimeSpan.FromMilliseconds(300) });
        await using var emitter = await StartAsync(source);
        var (trace, task) = (TraceId.New(), SpanId.New());
        await emitter.EmitDurableAsync(Started(trace, task), Soon);

        await server.DisposeAsync();
        await Task.Delay(TimeSpan.FromSeconds(2.2), Soon);
        await Assert.ThrowsAsync<EvidenceUnavailableException>(() => Act(emitter, trace, task));
        var waiting = _ledger.Count();

        await using var again = await authority.ServeAsync();
        await Act(emitter, trace, task);

        Assert.Equal(1, waiting);
        Assert.Contains(_log, line => line.Contains("Workload API", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Call_in_which_the_svid_ends_is_recorded_to_its_end_with_the_next_svid()
    {
        using var authority = TestAuthority.Open(_directory.KeysPath);
        var server = await authority.ServeAsync();
        await using var source = new WorkloadSvidSource(server.Endpoint, new WorkloadSourceOptions { Log = Note, LongestPause = TimeSpan.FromMilliseconds(300) });
        await using var emitter = await StartAsync(source);
        var (trace, task, call) = (TraceId.New(), SpanId.New(), SpanId.New());
        await emitter.EmitDurableAsync(Started(trace, task), Soon);
        var requested = await emitter.EmitDurableAsync(Requested(trace, task, call), Soon);

        await server.DisposeAsync();
        await Task.Delay(TimeSpan.FromSeconds(2.2), Soon);
        var completed = emitter.Emit(Completed(trace, task, call, requested)); // buffered: the outcome is kept, whoever signs it
        await using var again = await authority.ServeAsync();
        await emitter.FlushAsync(Soon);

        var statements = new List<LedgerEntry>();
        await foreach (var entry in _ledger.ReadAsync(0, _ledger.Count(), Soon))
        {
            statements.Add(entry);
        }

        var (before, after) = (Holding(statements, requested), Holding(statements, completed));
        Assert.NotEqual(before.X5t, after.X5t);
        Assert.NotEmpty(after.X5Chain);
    }

    private static Evidence.Statements.SignedStatement Holding(List<LedgerEntry> statements, RecordId record) =>
        statements.Single(entry => entry.Records.Any(bytes => Record.Parse(bytes).Id == record)).Statement;

    private static async Task Act(Emitter emitter, TraceId trace, SpanId task)
    {
        var span = SpanId.New();
        var requested = await emitter.EmitDurableAsync(Requested(trace, task, span));
        emitter.Emit(Completed(trace, task, span, requested));
    }

    private static RecordDraft Requested(TraceId trace, SpanId task, SpanId span) => Draft(trace, span, RecordKinds.ActionRequested, json =>
    {
        json.WriteString("type", "tool.call");
        json.WriteString("resource", "mcp://files/tools/read");
        json.WriteBoolean("strict", true);
    }, task);

    private static RecordDraft Completed(TraceId trace, SpanId task, SpanId span, RecordId requested) => Draft(trace, span, RecordKinds.ActionCompleted, json =>
    {
        json.WriteString("type", "tool.call");
        json.WriteString("resource", "mcp://files/tools/read");
        json.WriteString("requested", requested.ToString());
        json.WriteString("status", "ok");
        json.WriteNumber("duration_us", 10);
    }, task);

    private static RecordDraft Started(TraceId trace, SpanId task) => Draft(trace, task, RecordKinds.TaskStarted, json =>
    {
        json.WriteString("principal", "ana@example.org");
        json.WriteString("authenticated", "os-user");
        json.WriteString("channel", "test");
        json.WriteString("owner", "team-billing");
    });

    private static RecordDraft Draft(TraceId trace, SpanId span, string kind, Action<Utf8JsonWriter> body, SpanId? parent = null) => new()
    {
        Kind = kind,
        Trace = trace,
        Span = span,
        Parent = parent,
        Task = parent ?? span,
        Actor = new Actor(TestAuthority.Agent, "test", "team-billing"),
        Body = body,
    };

    private async Task<Emitter> StartAsync(WorkloadSvidSource source) => await Emitter.StartAsync(
        new EmitterOptions
        {
            Issuer = await source.IdentifyAsync(Soon),
            Signer = source,
            SpoolPath = _directory.SpoolPath,
            DurableTimeout = TimeSpan.FromSeconds(2),
            Log = Note,
        },
        _ledger,
        Soon);

    private void Note(string message)
    {
        lock (_log)
        {
            _log.Add(message);
        }
    }
}
