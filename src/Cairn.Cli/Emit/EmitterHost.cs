using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Submissions;
using Cairn.Identity;
using Cairn.Ledger;
using Cairn.Sdk;
using Cairn.Workload;

namespace Cairn.Cli.Emit;

/// <summary>An emitter with all that it stands on: a ledger here or elsewhere, an identity, and the trails' keys.</summary>
internal sealed class EmitterHost : IAsyncDisposable
{
    private readonly IReadOnlyList<object> _owned;

    private EmitterHost(ILedgerClient ledger, ITrailKeys keys, Emitter emitter, ISvidSource identity, IReadOnlyList<object> owned) =>
        (Ledger, Keys, Emitter, Identity, _owned) = (ledger, keys, emitter, identity, owned);

    public Emitter Emitter { get; }

    /// <summary>Where the emitter's SVIDs come from: what else it asks in its own name is signed with their keys.</summary>
    public ISvidSource Identity { get; }

    public ILedgerClient Ledger { get; }

    public ITrailKeys Keys { get; }

    /// <summary>Starts an emitter on a data directory, which is made where there is none.</summary>
    /// <param name="data">The data directory.</param>
    /// <param name="issuer">The emitter's SPIFFE ID, given the directory's trust domain.</param>
    /// <param name="owner">Who answers for it.</param>
    /// <param name="cancel">Stops the start.</param>
    /// <param name="sequence">Whether this process makes checkpoints when no other does. Without, its evidence waits for the next that does.</param>
    /// <param name="spiffe">The Workload API that says who the emitter is; null for the directory's own authority.</param>
    /// <exception cref="LedgerDirectoryException">The directory can't be opened or made.</exception>
    /// <exception cref="SvidUnavailableException">The Workload API gives no identity.</exception>
    public static async Task<EmitterHost> EmbeddedAsync(
        string data, Func<string, SpiffeId> issuer, string owner, CancellationToken cancel, bool sequence = true, WorkloadEndpoint? spiffe = null)
    {
        var directory = LedgerDirectory.OpenOrCreate(data);
        if (spiffe is not null)
        {
            return await WithWorkloadAsync(
                spiffe, directory.SpoolPath, owner,
                async () => await EmbeddedLedger.OpenAsync(directory, new EmbeddedLedgerOptions { Sequence = sequence }, cancel),
                () =>
                {
                    var held = TrailVault.Open(directory.VaultPath);
                    return (new VaultKeys(held), held);
                },
                cancel);
        }

        var id = issuer(directory.TrustDomain);
        var ledger = await EmbeddedLedger.OpenAsync(directory, new EmbeddedLedgerOptions { Sequence = sequence }, cancel);
        var authority = LocalAuthority.Open(directory.KeysPath, directory.TrustDomain);
        var vault = TrailVault.Open(directory.VaultPath);
        var source = authority.SourceFor(id);
        var emitter = await Emitter.StartAsync(Options(id, source, directory.SpoolPath, owner), ledger, cancel);
        return new EmitterHost(ledger, new VaultKeys(vault), emitter, source, [emitter, ledger, vault, authority]);
    }

    /// <summary>Starts an emitter for the ledger of a server; key, spool and trail keys are kept below <paramref name="state"/>.</summary>
    /// <param name="server">The server.</param>
    /// <param name="state">A folder of this user's, for this server.</param>
    /// <param name="issuer">The emitter's SPIFFE ID.</param>
    /// <param name="joinToken">The server's join token; needed the first time.</param>
    /// <param name="owner">Who answers for it.</param>
    /// <param name="cancel">Stops the start.</param>
    /// <param name="spiffe">The Workload API that says who the emitter is; null for the server's enrolment.</param>
    /// <exception cref="SvidUnavailableException">The server or the Workload API does not give a certificate.</exception>
    public static async Task<EmitterHost> RemoteAsync(Uri server, string state, SpiffeId issuer, string? joinToken, string owner, CancellationToken cancel, WorkloadEndpoint? spiffe = null)
    {
        if (spiffe is not null)
        {
            var readToken = Environment.GetEnvironmentVariable("CAIRN_READ_TOKEN");
            return await WithWorkloadAsync(
                spiffe, Path.Combine(state, "spool"), owner,
                () => Task.FromResult<ILedgerClient>(new HttpLedgerClient(server, new HttpLedgerOptions { Token = () => readToken })),
                () => (new FileTrailKeys(Path.Combine(state, "keys")), null), cancel);
        }

        var identity = RemoteIdentity.Open(server, issuer, Path.Combine(state, "identity"), joinToken);
        var ledger = new HttpLedgerClient(server, new HttpLedgerOptions { Token = () => identity.AccessToken });
        var keys = new FileTrailKeys(Path.Combine(state, "keys"));
        var emitter = await Emitter.StartAsync(Options(issuer, identity, Path.Combine(state, "spool"), owner), ledger, cancel);
        return new EmitterHost(ledger, keys, emitter, identity, [emitter, ledger, identity]);
    }

    /// <summary>
    /// Closes the root task of a trail: waits until all of this emitter's records are in the ledger, asks it how many each
    /// emitter wrote, and seals those numbers in <c>task.ended</c>.
    /// </summary>
    public async Task EndTaskAsync(TraceId trace, SpanId task, Actor actor, string status, string? reason, CancellationToken cancel)
    {
        await Emitter.FlushAsync(cancel);
        var others = (await Ledger.CountsAsync(trace, cancel)).Where(count => count.Stream != Emitter.Stream).ToList();
        var own = new EmitterCount(Emitter.Issuer, Emitter.Stream, Emitter.RecordsIn(trace) + 1);
        await Emitter.EmitDurableAsync(
            new RecordDraft
            {
                Kind = RecordKinds.TaskEnded,
                Trace = trace,
                Span = task,
                Task = task,
                Actor = actor,
                Body = json => WriteOutcome(json, status, reason, [own, .. others]),
            },
            cancel);
    }

    /// <summary>Ends the emitter first, then what it stands on.</summary>
    public ValueTask DisposeAsync() => DisposeAsync(_owned);

    private static async ValueTask DisposeAsync(IEnumerable<object> owned)
    {
        foreach (var part in owned)
        {
            if (part is IAsyncDisposable slow)
            {
                await slow.DisposeAsync();
            }
            else
            {
                ((IDisposable)part).Dispose();
            }
        }
    }

    // The Workload API is asked first: without an identity nothing is opened.
    private static async Task<EmitterHost> WithWorkloadAsync(
        WorkloadEndpoint spiffe, string spool, string owner, Func<Task<ILedgerClient>> openLedger, Func<(ITrailKeys Keys, object? Owned)> openKeys, CancellationToken cancel)
    {
        var source = new WorkloadSvidSource(spiffe, new WorkloadSourceOptions { Patience = TimeSpan.FromSeconds(5) });
        var owned = new List<object> { source };
        try
        {
            var id = await source.IdentifyAsync(cancel);
            var ledger = await openLedger();
            owned.Insert(0, ledger);
            var (keys, held) = openKeys();
            owned.InsertRange(1, held is null ? [] : [held]);
            var emitter = await Emitter.StartAsync(Options(id, source, spool, owner), ledger, cancel);
            return new EmitterHost(ledger, keys, emitter, source, [emitter, .. owned]);
        }
        catch
        {
            await DisposeAsync(owned);
            throw;
        }
    }

    private static EmitterOptions Options(SpiffeId issuer, ISvidSource signer, string spool, string owner) => new()
    {
        Issuer = issuer,
        Signer = signer,
        SpoolPath = spool,
        Self = new Actor(issuer, $"{Environment.MachineName}:{Environment.ProcessId}", owner),
    };

    private static void WriteOutcome(Utf8JsonWriter json, string status, string? reason, IEnumerable<EmitterCount> counts)
    {
        json.WriteString("status", status);
        if (reason is not null)
        {
            json.WriteString("reason", reason);
        }

        json.WriteStartArray("emitters");
        foreach (var count in counts)
        {
            json.WriteStartObject();
            json.WriteString("emitter", count.Emitter.ToString());
            json.WriteString("stream", count.Stream.ToString());
            json.WriteNumber("records", count.Records);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private sealed class VaultKeys(TrailVault vault) : ITrailKeys
    {
        public byte[] KeyFor(TraceId trace) => vault.KeyFor(trace);
    }
}
