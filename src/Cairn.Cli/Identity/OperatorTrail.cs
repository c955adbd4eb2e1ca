using System.Text.Json;
using Cairn.Cli.Emit;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Trust;
using Cairn.Identity;
using Cairn.Identity.Bundles;
using Cairn.Ledger;
using Cairn.Sdk;
using Cairn.Workload;

namespace Cairn.Cli.Identity;

/// <summary>What one run of an operator's command did, as a trail of its own, signed by the ledger's operator identity.</summary>
internal sealed class OperatorTrail : IAsyncDisposable
{
    private readonly EmitterHost _host;
    private readonly LedgerDirectory _directory;
    private readonly EmbeddedLedger _ledger;
    private readonly TraceId _trace = TraceId.New();
    private readonly SpanId _task = SpanId.New();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Actor _actor;

    private OperatorTrail(EmitterHost host, LedgerDirectory directory)
    {
        (_host, _directory, _ledger) = (host, directory, (EmbeddedLedger)host.Ledger);
        _actor = new Actor(host.Emitter.Issuer, $"{Environment.MachineName}:{Environment.ProcessId}", By);
    }

    /// <summary>Who runs the command, by the operating system.</summary>
    public static string By => $"{Environment.UserName}@{Environment.MachineName}";

    /// <summary>Begins the trail.</summary>
    /// <param name="data">The data directory; made when there is none.</param>
    /// <param name="command">The command, as its request.</param>
    /// <param name="cancel">Stops the start.</param>
    public static async Task<OperatorTrail> StartAsync(string data, string command, CancellationToken cancel)
    {
        var host = await EmitterHost.EmbeddedAsync(data, domain => SpiffeId.Parse($"spiffe://{domain}/operator/ledger"), By, cancel);
        var trail = new OperatorTrail(host, LedgerDirectory.Open(data));
        await trail.RecordAsync(RecordKinds.TaskStarted, json =>
        {
            json.WriteString("principal", By);
            json.WriteString("authenticated", "os-user");
            json.WriteString("channel", $"cli/{command}");
            json.WriteString("owner", By);
        }, cancel);
        return trail;
    }

    /// <summary>Records the trust bundles, the authority's own and those federated with, of which the ledger's last record says something else.</summary>
    /// <param name="reason">Why the authority's own has changed.</param>
    /// <param name="cancel">Stops the wait.</param>
    public async Task RecordTrustAsync(string reason, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            using var authority = LocalAuthority.Open(_directory.KeysPath, _directory.TrustDomain);
            var keys = File.Exists(Path.Combine(_directory.KeysPath, JwtKeyRing.FileName)) ? new JwtKeyRing(_directory.KeysPath).Published() : [];
            var last = await LastAsync(cancel);
            var present = new FederatedBundles(_directory.KeysPath).All().Append(authority.Bundle() with { JwtAuthorities = keys }).ToDictionary(bundle => bundle.TrustDomain);
            foreach (var gone in last.Keys.Where(domain => !present.ContainsKey(domain)).ToList())
            {
                present.Add(gone, new TrustBundle(gone)); // an empty bundle: nothing of that domain is to be believed
            }

            foreach (var (domain, bundle) in present)
            {
                var before = last.GetValueOrDefault(domain);
                var change = new TrustChange(domain, before?.New, bundle.Encode(), By, domain != _directory.TrustDomain ? "federation" : before is null ? "first" : reason);
                if (before?.New != change.New)
                {
                    await RecordAsync(RecordKinds.LedgerTrustChanged, change.WriteTo, cancel);
                }
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Records what the kernel said of a process that is about to get an identity; durable when it returns.</summary>
    public Task RecordEnrolledAsync(WorkloadEnrolment enrolment, CancellationToken cancel) => RecordAsync(RecordKinds.LedgerEnrolled, json =>
    {
        var role = _directory.TrustPolicy().RuleFor(enrolment.Entry.SpiffeId)?.Role ?? EmitterRole.Agent;
        json.WriteString("by", By);
        json.WriteString("emitter", enrolment.Entry.SpiffeId.ToString());
        json.WriteString("role", role.ToString().ToLowerInvariant());
        json.WriteString("key", enrolment.Key.ToString());
        json.WriteString("expires", enrolment.Expires.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture));
        json.WriteString("method", "unix-peer");
        json.WriteString("owner", enrolment.Entry.Owner);
        json.WriteString("entry", enrolment.Entry.Id);
        json.WriteStartObject("peer");
        json.WriteNumber("pid", enrolment.Peer.Pid);
        json.WriteNumber("uid", enrolment.Peer.Uid);
        json.WriteNumber("gid", enrolment.Peer.Gid);
        if (enrolment.Peer is { Path: { } path, Sha256: { } sha256 })
        {
            json.WriteString("path", path);
            json.WriteString("sha256", $"sha256:{sha256}");
        }

        json.WriteEndObject();
    }, cancel);

    /// <summary>Records a step; the ledger has acknowledged it when it returns.</summary>
    public async Task<RecordId> RecordAsync(string kind, Action<Utf8JsonWriter> body, CancellationToken cancel) =>
        await _host.Emitter.EmitDurableAsync(new RecordDraft { Kind = kind, Trace = _trace, Span = _task, Actor = _actor, Body = body }, cancel);

    /// <summary>Ends the trail.</summary>
    public Task EndAsync(string status, CancellationToken cancel) => _host.EndTaskAsync(_trace, _task, _actor, status, null, cancel);

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _turn.Dispose();
    }

    private async Task<Dictionary<string, TrustChange>> LastAsync(CancellationToken cancel)
    {
        var last = new Dictionary<string, TrustChange>(StringComparer.Ordinal);
        await foreach (var entry in _ledger.TrustChangesAsync(_directory.TrustPolicy(), cancel))
        {
            foreach (var bytes in entry.Records.Where(record => EmbeddedLedger.IsTrustChange(record)))
            {
                if (Record.Parse(bytes) is { Kind: RecordKinds.LedgerTrustChanged } record && TrustChange.Parse(record.Body) is { } change)
                {
                    last[change.TrustDomain] = change;
                }
            }
        }

        return last;
    }
}
