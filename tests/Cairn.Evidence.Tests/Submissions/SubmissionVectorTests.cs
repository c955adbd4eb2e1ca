using System.Text.Json;
using Cairn.Evidence.Submissions;
using CsCheck;

namespace Cairn.Evidence.Tests.Submissions;

/// <summary>docs/spec/vectors/submissions, made by an implementation that shares no code with this one.</summary>
public class SubmissionVectorTests
{
    private static readonly JsonElement Vectors = SpecFiles.Json("vectors/submissions/submissions.json");

    public static TheoryData<string> Malformed => Names("malformed");

    public static TheoryData<string> Inconsistent => Names("inconsistent");

    [Fact]
    public void Submission_of_the_vectors_is_read_and_written_byte_for_byte()
    {
        var vector = Vectors.GetProperty("valid")[0];

        var submission = Submission.Decode(vector.Hex("hex"));

        submission.CheckRecords();
        Assert.Equal(vector.Hex("statement"), submission.Statement.Bytes.ToArray());
        Assert.Equal(vector.GetProperty("records").EnumerateArray().Select(one => one.GetString()), submission.Records.Select(record => Convert.ToHexStringLower(record.Span)));
        var content = Assert.Single(submission.Contents);
        Assert.Equal(
            vector.GetProperty("contents")[0].EnumerateArray().Select(one => one.GetString()),
            [content.Record.ToString(), content.Member, content.Trace.ToString(), Convert.ToHexStringLower(content.Ciphertext.Span)]);
        Assert.Equal(vector.Hex("hex"), submission.Encode());
    }

    [Fact]
    public void Batch_of_the_vectors_is_read_and_written_byte_for_byte()
    {
        var batch = SubmissionBatch.Decode(Vectors.Hex("batch"));

        Assert.Equal([1, 0], batch.Select(submission => submission.Contents.Count));
        Assert.Equal(Vectors.Hex("batch"), SubmissionBatch.Encode(batch));
    }

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Submission_is_refused_when_decoding(string name) =>
        Assert.Throws<EvidenceFormatException>(() => Submission.Decode(Find("malformed", name).Hex("hex")));

    [Theory]
    [MemberData(nameof(Inconsistent))]
    public void Submission_decodes_but_its_parts_do_not_fit(string name)
    {
        var submission = Submission.Decode(Find("inconsistent", name).Hex("hex"));

        Assert.Throws<EvidenceFormatException>(submission.CheckRecords);
    }

    [Fact]
    public void Submission_with_bytes_replaced_at_random_is_read_or_refused_and_nothing_else()
    {
        var bytes = Vectors.GetProperty("valid")[0].Hex("hex");
        Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Byte.Array[1, 6]).Sample((at, patch) =>
        {
            byte[] altered = [.. bytes[..at], .. patch, .. bytes[Math.Min(bytes.Length, at + patch.Length)..]];
            try
            {
                Submission.Decode(altered).CheckRecords();
            }
            catch (EvidenceFormatException error)
            {
                Assert.NotEmpty(error.Message);
            }
        }, iter: 3000);
    }

    private static JsonElement Find(string list, string name) => Vectors.GetProperty(list).EnumerateArray().Single(one => one.Text("name") == name);

    private static TheoryData<string> Names(string list) => [.. Vectors.GetProperty(list).EnumerateArray().Select(one => one.Text("name"))];
}
