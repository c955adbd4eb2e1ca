using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Ledger;
using Cairn.Trails;

namespace Cairn.Cli.Investigate;

/// <summary>A data directory opened to read from.</summary>
internal sealed class OpenLedger : IAsyncDisposable
{
    private OpenLedger(LedgerDirectory directory, EmbeddedLedger ledger) => (Directory, Ledger, Trails) = (directory, ledger, new TrailStore(ledger));

    public LedgerDirectory Directory { get; }

    public EmbeddedLedger Ledger { get; }

    public TrailStore Trails { get; }

    /// <param name="data">The data directory.</param>
    /// <param name="sequence">Whether a checkpoint may be made here when no other process makes one: an export needs one.</param>
    /// <param name="cancel">Stops the opening.</param>
    public static async Task<OpenLedger> ReadAsync(string data, bool sequence, CancellationToken cancel)
    {
        var directory = LedgerDirectory.Open(data);
        return new OpenLedger(directory, await EmbeddedLedger.OpenAsync(directory, new EmbeddedLedgerOptions { Sequence = sequence }, cancel));
    }

    /// <summary>The one trail whose trace id starts with the text.</summary>
    /// <exception cref="CliException">There is none, or more than one.</exception>
    public TraceId Resolve(string start)
    {
        var found = Trails.Find(start.ToLowerInvariant());
        return found.Count switch
        {
            1 => found[0],
            0 => throw new CliException($"no trail's trace id starts with \"{start}\" in {Directory.Root}", $"cairn trails --data {Directory.Root}"),
            _ => throw new CliException($"{found.Count} trails start with \"{start}\": {string.Join(", ", found.Take(5))}{(found.Count > 5 ? " …" : "")}; give more digits"),
        };
    }

    public ValueTask DisposeAsync() => Ledger.DisposeAsync();
}
