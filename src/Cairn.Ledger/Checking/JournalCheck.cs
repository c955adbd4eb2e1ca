using Cairn.Evidence;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Submissions;
using Cairn.Ledger.Ingest;
using Cairn.Ledger.Journal;

namespace Cairn.Ledger.Checking;

/// <summary>Checks journal rows: index without holes, leaf hash, statement, signature, records, and each stream's order.</summary>
internal sealed class JournalCheck(IssuerKeys keys, Findings findings)
{
    private readonly Dictionary<StreamId, (long Next, Digest Last)> _streams = [];
    private long _next;

    /// <summary>Checks one row; the counts of its trails are handed back for comparison with the journal's table.</summary>
    public IReadOnlyDictionary<TraceId, int>? Take(JournalRow row)
    {
        var place = $"journal row {row.Index}";
        findings.Same("index-gap", place, _next, row.Index);
        _next = row.Index + 1;
        findings.Statements++;
        findings.Same("leaf-mismatch", place, MerkleHash.Leaf(row.Entry), row.Leaf);
        try
        {
            var statement = SignedStatement.Decode(row.Entry);
            Order(statement, place);
            var records = RecordPack.Unpack(row.Records);
            findings.Records += records.Count;
            return SubmissionCheck.Accept(new Submission(statement, records, []), keys).Trails;
        }
        catch (Exception problem) when (problem is EvidenceFormatException or SubmissionRejectedException)
        {
            findings.Add(problem is SubmissionRejectedException rejected ? $"statement-{rejected.Code}" : "statement-format", place, "a statement that this ledger takes", problem.Message);
            return null;
        }
    }

    private void Order(SignedStatement statement, string place)
    {
        var payload = statement.Payload;
        var (next, last) = _streams.GetValueOrDefault(payload.Stream);
        findings.Same("stream-order", $"{place}, stream {payload.Stream}", next, payload.Seq);
        findings.Same("stream-chain", $"{place}, stream {payload.Stream}", last, payload.Previous);
        _streams[payload.Stream] = (payload.Seq + 1, statement.Hash);
    }
}
