using System.Collections.ObjectModel;
using Cairn.Cli.Erase;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Trails;
using Cairn.Trails.Bundles;
using Cairn.Trails.Contents;

namespace Cairn.Cli.Investigate.Replays;

/// <summary>Where the trail to be replayed comes from: a ledger, or an evidence bundle that verified.</summary>
internal sealed class ReplaySource : IAsyncDisposable
{
    private readonly OpenLedger? _open;
    private readonly LedgerContents? _opened;

    private ReplaySource(Trail trail, IKeptContents contents, OpenLedger? open = null, LedgerContents? opened = null) =>
        (Trail, Contents, _open, _opened) = (trail, contents, open, opened);

    public Trail Trail { get; }

    public IKeptContents Contents { get; }

    /// <summary>The policy bundles that an evidence bundle brings along, sealed, by digest; none of a ledger.</summary>
    public IReadOnlyDictionary<Digest, ReadOnlyMemory<byte>> Policies => (Contents as DisclosedContents)?.Policies ?? ReadOnlyDictionary<Digest, ReadOnlyMemory<byte>>.Empty;

    /// <summary>A trail of a ledger.</summary>
    public static async Task<ReplaySource> OfLedgerAsync(string data, string trace, CancellationToken cancel)
    {
        var open = await OpenLedger.ReadAsync(data, sequence: false, cancel);
        try
        {
            var trail = await open.Trails.ReadAsync(open.Resolve(trace), cancel);
            await ErasureWords.SayAsync(open, trail.Trace, cancel);
            var contents = LedgerContents.Open(open.Ledger, open.Directory);
            return new ReplaySource(trail, contents, open, contents);
        }
        catch
        {
            await open.DisposeAsync();
            throw;
        }
    }

    /// <summary>A bundle's trail.</summary>
    /// <exception cref="CliException">There is no such file, or its integrity does not hold: nothing is replayed from it then.</exception>
    public static async Task<ReplaySource> OfBundleAsync(string bundle, string? trust, CancellationToken cancel)
    {
        if (!File.Exists(bundle))
        {
            throw new CliException($"there is no bundle at {Path.GetFullPath(bundle)}", "cairn export TRACE -o FILE --content");
        }

        var policy = trust is null ? null : await TrustFile.ReadAsync(trust, cancel);
        await using var file = new FileStream(bundle, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        var (report, trail, contents) = BundleTrail.ReadWithContents(file, policy, cancel);
        if (trail is null)
        {
            throw new CliException($"the bundle is not replayed, because its integrity does not hold: {report.Integrity.FailureCount} failures", $"cairn verify {bundle}");
        }

        if (policy is null)
        {
            Console.Error.WriteLine("cairn: no --trust policy was given: the bundle vouched for itself");
        }

        return new ReplaySource(trail, contents);
    }

    public async ValueTask DisposeAsync()
    {
        _opened?.Dispose();
        if (_open is not null)
        {
            await _open.DisposeAsync();
        }
    }
}
