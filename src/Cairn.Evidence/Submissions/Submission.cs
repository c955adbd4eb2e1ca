using System.Formats.Cbor;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Records;
using Cairn.Evidence.Statements;

namespace Cairn.Evidence.Submissions;

/// <summary>What an emitter hands to a ledger: a statement, the records it signs and the contents they commit to (docs/spec/submissions.md).</summary>
/// <param name="Statement">The statement.</param>
/// <param name="Records">The records' bytes, in the order of the statement's Merkle tree.</param>
/// <param name="Contents">Contents to keep, encrypted.</param>
public sealed record Submission(
    SignedStatement Statement, IReadOnlyList<ReadOnlyMemory<byte>> Records, IReadOnlyList<SealedContent> Contents)
{
    private const int Version = 1;
    private const int Members = 4;
    private const int ContentMembers = 4;

    /// <summary>The submission as deterministic CBOR: [1, statement, [records], [[record id, member, trace, ciphertext]…]].</summary>
    public byte[] Encode()
    {
        var size = Statement.Bytes.Length + Records.Sum(record => record.Length + 4) + Contents.Sum(content => content.Ciphertext.Length + 128) + 32;
        var writer = new CborWriter(CborConformanceMode.Canonical, initialCapacity: size);
        WriteTo(writer);
        return writer.Encode();
    }

    /// <summary>Reads a submission. Its parts are slices of <paramref name="bytes"/>; the records are not looked at: see <see cref="CheckRecords"/>.</summary>
    /// <exception cref="EvidenceFormatException">The bytes are not a submission.</exception>
    public static Submission Decode(ReadOnlyMemory<byte> bytes)
    {
        var cbor = new DeterministicCbor(bytes, "submission");
        var submission = Read(ref cbor);
        cbor.End();
        return submission;
    }

    /// <summary>
    /// Reads every record, compares their count and Merkle root with the statement's, and checks that each content is
    /// of one of these records.
    /// </summary>
    /// <exception cref="EvidenceFormatException">They differ, or a record is not one; the message says which.</exception>
    public void CheckRecords()
    {
        var payload = Statement.Payload;
        if (Records.Count != payload.RecordCount)
        {
            throw new EvidenceFormatException($"submission: expected the {payload.RecordCount} records that the statement signs, found {Records.Count}");
        }

        var leaves = new Digest[Records.Count];
        var traces = Contents.Count > 0 ? new Dictionary<RecordId, TraceId>() : null;
        for (var i = 0; i < leaves.Length; i++)
        {
            try
            {
                var record = RecordView.Parse(Records[i].Span);
                _ = traces?.TryAdd(record.Id, record.Trace);
            }
            catch (EvidenceFormatException error)
            {
                throw new EvidenceFormatException($"submission, record {i}: {error.Message}", error);
            }

            leaves[i] = MerkleHash.Leaf(Records[i].Span);
        }

        var root = MerkleTree.Root(leaves);
        if (root != payload.RecordsRoot)
        {
            throw new EvidenceFormatException($"submission: expected records with the Merkle root {payload.RecordsRoot} that the statement signs, found {root}");
        }

        foreach (var content in Contents)
        {
            if (!traces!.TryGetValue(content.Record, out var trace) || trace != content.Trace)
            {
                throw new EvidenceFormatException($"submission: expected contents of its own records only, found one of record {content.Record} in trail {content.Trace}");
            }
        }
    }

    internal void WriteTo(CborWriter writer)
    {
        writer.WriteStartArray(Members);
        writer.WriteInt32(Version);
        writer.WriteByteString(Statement.Bytes.Span);
        writer.WriteStartArray(Records.Count);
        foreach (var record in Records)
        {
            writer.WriteByteString(record.Span);
        }

        writer.WriteEndArray();
        writer.WriteStartArray(Contents.Count);
        foreach (var content in Contents)
        {
            writer.WriteStartArray(ContentMembers);
            writer.WriteTextString(content.Record.ToString());
            writer.WriteTextString(content.Member);
            writer.WriteTextString(content.Trace.ToString());
            writer.WriteByteString(content.Ciphertext.Span);
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
        writer.WriteEndArray();
    }

    internal static Submission Read(ref DeterministicCbor cbor)
    {
        cbor.ReadArray(Members, "submission");
        var start = cbor.At;
        if (cbor.ReadInteger("version") is not Version and var other)
        {
            throw cbor.Error(start, "version", "1, the only version there is", $"{other}");
        }

        var statement = SignedStatement.Decode(cbor.ReadBytes("statement"));
        start = cbor.At;
        var count = cbor.ReadArray("records");
        if (count != statement.Payload.RecordCount)
        {
            throw cbor.Error(start, "records", $"the {statement.Payload.RecordCount} that the statement signs", $"{count}");
        }

        var records = new ReadOnlyMemory<byte>[count];
        for (var i = 0; i < count; i++)
        {
            records[i] = cbor.ReadBytes("record");
        }

        var contents = new SealedContent[cbor.ReadArray("contents")];
        for (var i = 0; i < contents.Length; i++)
        {
            cbor.ReadArray(ContentMembers, "content");
            contents[i] = new SealedContent(
                RecordId.Parse(cbor.ReadText("record id")), cbor.ReadText("member"),
                TraceId.Parse(cbor.ReadText("trace")), cbor.ReadBytes("ciphertext"));
        }

        return new Submission(statement, records, contents);
    }
}
