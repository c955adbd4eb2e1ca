using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Submissions;
using Cairn.Identity;
using Cairn.Ledger;
using Cairn.Sdk;

namespace Cairn.Cli.Emit;

/// <summary>An emitter with all that it stands on: the ledger of a data directory, an identity from its authority, its vault.</summary>
internal sealed class EmitterHost : IAsyncDisposable, ITrailKeys
{
    private readonly EmbeddedLedger _ledger;
    private readonly LocalAuthority _authority;
    private readonly TrailVault _vault;

    private EmitterHost(EmbeddedLedger ledger, LocalAuthority authority, TrailVault vault, Emitter emitter) =>
        (_ledger, _authority, _vault, Emitter) = (ledger, authority, vault, emitter);

    public Emitter Emitter { get; }

    public ILedgerClient Ledger => _ledger;

    /// <summary>Starts an emitter on a data directory, which is made where there is none.</summary>
    /// <param name="data">The data directory.</param>
    /// <param name="issuer">The emitter's SPIFFE ID, given the directory's trust domain.</param>
    /// <param name="owner">Who answers for it.</param>
    /// <param name="cancel">Stops the start.</param>
    /// <exception cref="LedgerDirectoryException">The directory can't be opened or made.</exception>
    public static async Task<EmitterHost> EmbeddedAsync(string data, Func<string, SpiffeId> issuer, string owner, CancellationToken cancel)
    {
        var directory = LedgerDirectory.OpenOrCreate(data);
        var id = issuer(directory.TrustDomain);
        var ledger = await EmbeddedLedger.OpenAsync(directory, new EmbeddedLedgerOptions(), cancel);
        var authority = LocalAuthority.Open(directory.KeysPath, directory.TrustDomain);
        var vault = TrailVault.Open(directory.VaultPath);
        var emitter = await Emitter.StartAsync(
            new EmitterOptions
            {
                Issuer = id,
                Signer = authority.SourceFor(id),
                SpoolPath = directory.SpoolPath,
                Self = new Actor(id, $"{Environment.MachineName}:{Environment.ProcessId}", owner),
            },
            ledger,
            cancel);
        return new EmitterHost(ledger, authority, vault, emitter);
    }

    /// <inheritdoc/>
    public byte[] KeyFor(TraceId trace) => _vault.KeyFor(trace);

    /// <summary>
    /// Closes the root task of a trail: waits until all of this emitter's records are in the ledger, asks it how many each
    /// emitter wrote, and seals those numbers in <c>task.ended</c>.
    /// </summary>
    public async Task EndTaskAsync(TraceId trace, SpanId task, Actor actor, string status, string? reason, CancellationToken cancel)
    {
        await Emitter.FlushAsync(cancel);
        var others = (await _ledger.CountsAsync(trace, cancel)).Where(count => count.Stream != Emitter.Stream).ToList();
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

    public async ValueTask DisposeAsync()
    {
        await Emitter.DisposeAsync();
        await _ledger.DisposeAsync();
        _vault.Dispose();
        _authority.Dispose();
    }

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
}
