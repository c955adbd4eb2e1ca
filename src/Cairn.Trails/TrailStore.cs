using System.Text;
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
        var text = Encoding.ASCII.GetBytes(trace.ToString());
        var records = new List<TrailRecord>();
        var indices = ledger.StatementsOf(trace);
        for (var start = 0; start < indices.Count;)
        {
            // Statements that stand side by side are read in one go.
            var end = start + 1;
            while (end < indices.Count && indices[end] == indices[end - 1] + 1)
            {
                end++;
            }

            await foreach (var entry in ledger.ReadAsync(indices[start], indices[end - 1] + 1, cancellationToken))
            {
                foreach (var bytes in entry.Records)
                {
                    if (RecordView.Parse(bytes.Span).TraceText.SequenceEqual(text))
                    {
                        records.Add(new TrailRecord(Record.Parse(bytes), entry.Statement.Issuer, entry.Statement.Payload.Stream, entry.Index));
                    }
                }
            }

            start = end;
        }

        return records;
    }

    /// <summary>The trail, reconstructed.</summary>
    /// <exception cref="ArgumentException">The ledger has no record of it.</exception>
    public async Task<Trail> ReadAsync(TraceId trace, CancellationToken cancellationToken) =>
        Trail.From(await RecordsAsync(trace, cancellationToken));
}
