using System.Runtime.InteropServices;
using System.Text;
using Cairn.Evidence;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Records;
using Cairn.Evidence.Submissions;
using Cairn.Ledger.Journal;

namespace Cairn.Ledger.Ingest;

/// <summary>What is checked of a submission before it may enter the journal; runs on the caller's thread.</summary>
internal static class SubmissionCheck
{
    /// <summary>Checks records, Merkle root, issuer and signature, and packs the records.</summary>
    /// <exception cref="SubmissionRejectedException">One of them does not hold; the code says which.</exception>
    public static AcceptedSubmission Accept(Submission submission, IssuerKeys keys)
    {
        try
        {
            var statement = submission.Statement;
            var (trails, first) = CheckRecords(submission);
            return statement.Verify(keys.KeyFor(statement, first))
                ? new AcceptedSubmission(submission, RecordPack.Pack(submission.Records), trails)
                : throw new SubmissionRejectedException("signature", $"statement {statement.Payload.Seq} of stream {statement.Payload.Stream}: the signature is not by {statement.Issuer}'s key");
        }
        catch (EvidenceFormatException problem)
        {
            throw new SubmissionRejectedException("format", problem.Message);
        }
    }

    private static (Dictionary<TraceId, int> Trails, DateTimeOffset First) CheckRecords(Submission submission)
    {
        var payload = submission.Statement.Payload;
        if (submission.Records.Count != payload.RecordCount || payload.RecordCount == 0)
        {
            throw new EvidenceFormatException($"the statement signs {payload.RecordCount} records, the submission has {submission.Records.Count}; expected the same number, at least one");
        }

        var leaves = new Digest[submission.Records.Count];
        var trails = new Dictionary<TraceId, int>(1);
        var contents = submission.Contents.Count > 0 ? new Dictionary<RecordId, TraceId>() : null;
        var first = DateTimeOffset.MaxValue;
        Span<byte> lastTrace = stackalloc byte[32];
        TraceId trace = default;
        for (var i = 0; i < leaves.Length; i++)
        {
            var bytes = submission.Records[i].Span;
            var record = Parse(bytes, i);
            if (!record.TraceText.SequenceEqual(lastTrace))
            {
                record.TraceText.CopyTo(lastTrace);
                trace = TraceId.Parse(Encoding.ASCII.GetString(lastTrace));
            }

            CollectionsMarshal.GetValueRefOrAddDefault(trails, trace, out _)++;
            contents?.TryAdd(record.Id, trace);
            first = record.Time < first ? record.Time : first;
            leaves[i] = MerkleHash.Leaf(bytes);
        }

        if (MerkleTree.Root(leaves) is var root && root != payload.RecordsRoot)
        {
            throw new EvidenceFormatException($"the records have the Merkle root {root}, the statement signs {payload.RecordsRoot}");
        }

        foreach (var content in submission.Contents)
        {
            if (!contents!.TryGetValue(content.Record, out var owner) || owner != content.Trace)
            {
                throw new EvidenceFormatException($"a content is of record {content.Record} in trail {content.Trace}, which is not among the statement's records");
            }
        }

        return (trails, first);
    }

    private static RecordView Parse(ReadOnlySpan<byte> bytes, int number)
    {
        try
        {
            return RecordView.Parse(bytes);
        }
        catch (EvidenceFormatException problem)
        {
            throw new EvidenceFormatException($"record {number}: {problem.Message}", problem);
        }
    }
}
