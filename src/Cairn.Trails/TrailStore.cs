using System.Text;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Timestamps;
using Cairn.Ledger;
using Cairn.Ledger.Timestamps;
using Cairn.Trails.Bundles;

namespace Cairn.Trails;

/// <summary>Finds trails in a ledger and reads them.</summary>
public sealed class TrailStore(EmbeddedLedger ledger)
{
    /// <summary>The trace ids, newest first.</summary>
    public IReadOnlyList<TraceId> List() => [.. ledger.Trails().OrderByDescending(trail => trail.FirstIndex).Select(trail => trail.Trace)];

    /// <summary>The trails whose trace id starts with the text.</summary>
    public IReadOnlyList<TraceId> Find(string start) => [.. List().Where(trace => trace.ToString().StartsWith(start, StringComparison.Ordinal))];

    /// <summary>The records of a trail in ledger order.</summary>
    public async Task<List<TrailRecord>> RecordsAsync(TraceId trace, CancellationToken cancellationToken) =>
        (await RecordsAsync([trace], cancellationToken))[0];

    /// <summary>
    /// Between which times each statement of a trail was made, by its index: by the published checkpoint and the anchors of the
    /// data directory, under its own trust policy (docs/spec/timestamps.md §5).
    /// </summary>
    public async Task<IReadOnlyDictionary<long, IReadOnlyList<TimeBracket>>> BracketsAsync(TraceId trace, LedgerDirectory directory, CancellationToken cancellationToken)
    {
        var policy = directory.TrustPolicy();
        var choice = new AnchorChoice(new AnchorStore(directory), directory.Origin, long.MaxValue);
        var places = new List<(long Index, long KnownSize)>();
        await foreach (var entry in ledger.ReadAsync(ledger.StatementsOf(trace), cancellationToken))
        {
            var knownSize = entry.Statement.Payload.KnownHead?.Size ?? 0;
            choice.Take(entry.Index, knownSize);
            places.Add((entry.Index, knownSize));
        }

        var published = ledger.Checkpoint is { } newest ? TimeAnchor.Of(newest, [], policy) : null;
        var brackets = new TimeBrackets(choice.Chosen().Select(anchor => anchor.Claims(policy)).Append(published).OfType<TimeAnchor>());
        return places.ToDictionary(place => place.Index, place => brackets.Of(place.Index, place.KnownSize));
    }

    /// <summary>The records of several trails, each in ledger order: a statement that holds records of more than one is read once.</summary>
    public async Task<IReadOnlyList<List<TrailRecord>>> RecordsAsync(IReadOnlyList<TraceId> traces, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(traces);
        var wanted = traces.Distinct().ToDictionary(trace => trace, _ => new List<TrailRecord>());
        var alone = traces.Count == 1 ? Encoding.ASCII.GetBytes(traces[0].ToString()) : null;
        var indices = wanted.Keys.SelectMany(ledger.StatementsOf).Distinct().Order().ToList();
        await foreach (var entry in ledger.ReadAsync(indices, cancellationToken))
        {
            foreach (var bytes in entry.Records)
            {
                // A record that does not even mention the trail need not be read further.
                if ((alone is null || bytes.Span.IndexOf(alone) >= 0) && Record.Parse(bytes) is var record && wanted.TryGetValue(record.Trace, out var records))
                {
                    records.Add(new TrailRecord(record, entry.Statement.Issuer, entry.Statement.Payload.Stream, entry.Index));
                }
            }
        }

        return [.. traces.Select(trace => wanted[trace])];
    }

    /// <summary>The trail, reconstructed.</summary>
    /// <exception cref="ArgumentException">The ledger has no record of it.</exception>
    public async Task<Trail> ReadAsync(TraceId trace, CancellationToken cancellationToken) =>
        Trail.From(await RecordsAsync(trace, cancellationToken));
}
