using System.Formats.Cbor;
using Cairn.Evidence.Statements;

namespace Cairn.Evidence.Submissions;

/// <summary>Several submissions as one message: a CBOR array of them, as <c>POST /v1/statements</c> carries it.</summary>
public static class SubmissionBatch
{
    /// <summary>The media type of the message.</summary>
    public const string MediaType = "application/cbor";

    /// <summary>The batch as deterministic CBOR.</summary>
    public static byte[] Encode(IReadOnlyList<Submission> batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartArray(batch.Count);
        foreach (var submission in batch)
        {
            submission.WriteTo(writer);
        }

        writer.WriteEndArray();
        return writer.Encode();
    }

    /// <summary>Reads a batch.</summary>
    /// <exception cref="EvidenceFormatException">The bytes are not an array of submissions.</exception>
    public static IReadOnlyList<Submission> Decode(ReadOnlyMemory<byte> bytes)
    {
        var cbor = new DeterministicCbor(bytes, "submissions");
        var batch = new List<Submission>();
        for (var left = cbor.ReadArray("submissions"); left > 0; left--)
        {
            batch.Add(Submission.Read(ref cbor));
        }

        cbor.End();
        return batch;
    }
}
