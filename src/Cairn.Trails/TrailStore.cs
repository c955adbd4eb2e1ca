using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Ledger;

namespace Cairn.Trails;

/// <summary>Finds trails in a ledger and reads them.</summary>
public sealed class TrailStore(EmbeddedLedger ledger)
{
    /// <summary>The trace ids, newest first.</summary>
    public IReadOnlyList<TraceId> List() => [.. ledger.Trails().OrderByDescending(trail => trail.FirstIndex).Select(trail => trail.Trace)];

    /// <summary>The trails whose trace id starts with the text.</summary>
    public IReadOnlyList<TraceId> Find(string start) => [.. List().Where(trace => trace.ToString().StartsWith(start, StringComparison.Ordinal))];

    /// <summary>The records of a trail in ledger order.</summary>
    public async Task<List<TrailRecord>> RecordsAsync(TraceId trace, CancellationToken cancellationToken)
    {
        var records = new List<TrailRecord>();
        foreach (var index in ledger.StatementsOf(trace))
        {
            await foreach (var entry in ledger.ReadAsync(index, index + 1, cancellationToken))
            {
                records.AddRange(
                    from bytes in entry.Records
                    let record = Record.Parse(bytes)
                    where record.Trace == trace
                    select new TrailRecord(record, entry.Statement.Issuer, entry.Statement.Payload.Stream, entry.Index));
            }
        }

        return records;
    }

    /// <summary>The trail, reconstructed.</summary>
    /// <exception cref="ArgumentException">The ledger has no record of it.</exception>
    public async Task<Trail> ReadAsync(TraceId trace, CancellationToken cancellationToken) =>
        Trail.From(await RecordsAsync(trace, cancellationToken));
}
