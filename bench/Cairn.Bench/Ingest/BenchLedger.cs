using Cairn.Evidence;
using Cairn.Identity;
using Cairn.Ledger;

namespace Cairn.Bench.Ingest;

/// <summary>A real embedded ledger in a new directory on the measured disk, with the authority that its emitters get their SVIDs from.</summary>
internal sealed class BenchLedger : IAsyncDisposable
{
    private BenchLedger(LedgerDirectory directory, LocalAuthority authority, EmbeddedLedger ledger)
    {
        Directory = directory;
        Authority = authority;
        Ledger = ledger;
    }

    public LedgerDirectory Directory { get; }

    public LocalAuthority Authority { get; }

    public EmbeddedLedger Ledger { get; }

    /// <summary>Makes the directory and opens its ledger.</summary>
    /// <param name="path">Where.</param>
    /// <param name="emitters">Lines for emitters.policy; null for none.</param>
    public static async Task<BenchLedger> CreateAsync(string path, string? emitters = null)
    {
        var directory = LedgerDirectory.Create(path, new LedgerSettings());
        if (emitters is not null)
        {
            await File.WriteAllTextAsync(Path.Combine(directory.Root, "emitters.policy"), emitters);
        }

        var ledger = await EmbeddedLedger.OpenAsync(directory, new EmbeddedLedgerOptions(), CancellationToken.None);
        return new BenchLedger(directory, LocalAuthority.Open(directory.KeysPath), ledger);
    }

    /// <summary>An SVID for an agent of that name. The caller disposes it.</summary>
    public Svid Issue(string agent) => Authority.Issue(SpiffeId.Parse($"spiffe://{Directory.TrustDomain}/agent/{agent}"), LocalAuthority.DefaultTtl);

    public async ValueTask DisposeAsync()
    {
        await Ledger.DisposeAsync();
        Authority.Dispose();
    }
}
