using Cairn.Broker.Keys;
using Cairn.Broker.Proofs;
using Cairn.Broker.Store;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Identity;
using Cairn.Identity.Bundles;
using Cairn.Identity.Files;
using Cairn.Ledger;
using Cairn.Sdk;

namespace Cairn.Broker;

/// <summary>What a broker is made of.</summary>
internal sealed record CredentialBrokerParts
{
    public required BrokerSettings Settings { get; init; }

    public required BrokerStore Store { get; init; }

    public required KeyRing Keys { get; init; }

    public required NonceKey Nonces { get; init; }

    public required Emitter Emitter { get; init; }

    public required Actor Self { get; init; }

    public required Func<TrustBundleSet> Bundles { get; init; }

    /// <summary>Whether the ledger holds that record: asked only about what a crash left unclear.</summary>
    public required Func<TraceId, RecordId, CancellationToken, ValueTask<bool>> IsRecorded { get; init; }

    public required TimeSpan? SweepEvery { get; init; }

    public required TimeProvider Time { get; init; }

    public required Action<string> Log { get; init; }

    /// <summary>What is closed with it, in this order.</summary>
    public required IReadOnlyList<object> Owned { get; init; }
}

/// <summary>The folder <c>broker</c> of a data directory: <c>broker.json</c>, <c>broker.db</c>, <c>keys/</c>, <c>bundles/</c>.</summary>
internal static class BrokerDirectory
{
    public static string Folder(string data) => Path.Combine(data, "broker");

    public static string SettingsPath(string data) => Path.Combine(Folder(data), "broker.json");

    public static async Task<CredentialBroker> OpenAsync(BrokerOptions options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        var owned = new List<object>();
        try
        {
            var directory = LedgerDirectory.OpenOrCreate(options.DataPath, time: options.Time);
            var folder = Folder(directory.Root);
            DurableFile.CreateDirectory(folder);
            var settings = options.Settings?.Checked("the broker's settings") ?? BrokerSettings.Read(SettingsPath(directory.Root));
            var authority = LocalAuthority.Open(directory.KeysPath, directory.TrustDomain, options.Time);
            owned.Add(authority);
            var ledger = await EmbeddedLedger.OpenAsync(directory, new EmbeddedLedgerOptions { Time = options.Time, Log = options.Log }, cancel);
            owned.Insert(0, ledger);
            var id = options.Identity ?? SpiffeId.Parse($"spiffe://{directory.TrustDomain}/gateway/broker");
            var self = new Actor(id, $"{Environment.MachineName}:{Environment.ProcessId}", options.Owner);
            var emitter = await Emitter.StartAsync(
                new EmitterOptions { Issuer = id, Signer = authority.SourceFor(id), SpoolPath = directory.SpoolPath, Self = self, Time = options.Time, Log = options.Log }, ledger, cancel);
            owned.Insert(0, emitter);
            var now = options.Time.GetUtcNow();
            var keys = KeyRing.Open(Path.Combine(folder, "keys"), TimeSpan.FromSeconds(settings.KeyLifetimeS), TimeSpan.FromSeconds(Math.Max(settings.MaxTtlS, settings.MaxGrantTtlS)), now);
            return new CredentialBroker(new CredentialBrokerParts
            {
                Settings = settings,
                Store = BrokerStore.Open(Path.Combine(folder, "broker.db")),
                Keys = keys,
                Nonces = NonceKey.OpenOrCreate(Path.Combine(folder, "nonce.key")),
                Emitter = emitter,
                Self = self,
                Bundles = () => Bundles(folder, authority),
                IsRecorded = (trace, record, token) => IsRecordedAsync(ledger, trace, record, token),
                SweepEvery = options.SweepEvery,
                Time = options.Time,
                Log = options.Log,
                Owned = owned,
            });
        }
        catch (Exception e)
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

            if (e is LedgerDirectoryException or AuthorityException or IOException or UnauthorizedAccessException or TimeoutException)
            {
                throw new BrokerException($"a broker can't be opened on {options.DataPath}: {e.Message}", e);
            }

            throw;
        }
    }

    // The directory's own authority, and what an operator put into bundles/DOMAIN.json (SPIFFE Trust Domain and Bundle §4);
    // of the own domain both count. Read each time: bundles change, and few requests need them.
    private static TrustBundleSet Bundles(string folder, LocalAuthority authority)
    {
        var bundles = new Dictionary<string, TrustBundle> { [authority.TrustDomain] = new TrustBundle(authority.TrustDomain) { X509Authorities = [authority.RootCertificate] } };
        var files = Path.Combine(folder, "bundles");
        foreach (var path in Directory.Exists(files) ? Directory.GetFiles(files, "*.json") : [])
        {
            var bundle = TrustBundle.Parse(Path.GetFileNameWithoutExtension(path), File.ReadAllBytes(path));
            bundles[bundle.TrustDomain] = bundles.TryGetValue(bundle.TrustDomain, out var own) ? bundle with { X509Authorities = [.. own.X509Authorities, .. bundle.X509Authorities] } : bundle;
        }

        return new TrustBundleSet(bundles.Values);
    }

    private static async ValueTask<bool> IsRecordedAsync(EmbeddedLedger ledger, TraceId trace, RecordId record, CancellationToken cancel)
    {
        foreach (var index in ledger.StatementsOf(trace))
        {
            await foreach (var entry in ledger.ReadAsync(index, index + 1, cancel))
            {
                if (entry.Records.Any(r => Record.Parse(r).Id == record))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
