using System.Security.Cryptography;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Submissions;
using Cairn.Evidence.Tests.Records;

namespace Cairn.Evidence.Tests.Submissions;

public class SubmissionTests
{
    internal static Submission Example(int records = 3)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signer = StatementSigner.WithKey(SpiffeId.Parse("spiffe://example.org/agent/a"), key);
        var bytes = Enumerable.Range(0, records).Select(i => (ReadOnlyMemory<byte>)RecordTests.Example(i)).ToList();
        var leaves = bytes.Select(record => MerkleHash.Leaf(record.Span)).ToArray();
        var header = RecordTests.Header();
        return new Submission(
            signer.Sign(new StatementPayload(StreamId.New(), 0, default, records, MerkleTree.Root(leaves), null), true),
            bytes,
            [SealedContent.Seal(new byte[32], header.Trace, header.Id, "input", "content"u8)]);
    }

    [Fact]
    public void Submission_survives_its_encoding_alone_and_in_a_batch()
    {
        var submission = Example();

        var alone = Submission.Decode(submission.Encode());
        var batch = SubmissionBatch.Decode(SubmissionBatch.Encode([submission, submission]));

        foreach (var read in batch.Append(alone))
        {
            read.CheckRecords();
            Assert.Equal(submission.Statement.Hash, read.Statement.Hash);
            Assert.Equal(submission.Records.Select(record => record.ToArray()), read.Records.Select(record => record.ToArray()));
            Assert.Equal(submission.Contents, read.Contents);
        }

        Assert.Equal(2, batch.Count);
    }

    [Fact]
    public void Submission_is_refused_when_its_records_are_not_those_signed()
    {
        var submission = Example();

        Assert.Throws<EvidenceFormatException>((submission with { Records = [.. submission.Records.Reverse()] }).CheckRecords);
        Assert.Throws<EvidenceFormatException>((submission with { Records = [.. submission.Records.Take(2)] }).CheckRecords);
        Assert.Throws<EvidenceFormatException>(() => Submission.Decode((submission with { Records = [.. submission.Records.Take(2)] }).Encode()));
        Assert.Throws<EvidenceFormatException>((submission with { Records = [.. submission.Records.Take(2), new byte[] { 1 }] }).CheckRecords);
    }

    [Fact]
    public void Submission_is_refused_when_a_content_is_of_another_record_or_trail()
    {
        var submission = Example();
        var content = submission.Contents[0];

        Assert.Throws<EvidenceFormatException>((submission with { Contents = [content with { Record = RecordId.New(DateTimeOffset.UnixEpoch) }] }).CheckRecords);
        Assert.Throws<EvidenceFormatException>((submission with { Contents = [content with { Trace = TraceId.New() }] }).CheckRecords);
    }
}
