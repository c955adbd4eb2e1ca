using System.Formats.Cbor;
using Cairn.Evidence.Merkle;

namespace Cairn.Evidence.Statements;

/// <summary>What a statement says: a batch of records in a stream (docs/spec/statements.md §4).</summary>
/// <param name="Stream">The emitter's run.</param>
/// <param name="Seq">The statement's ordinal in its stream, from 0.</param>
/// <param name="Previous">SHA-256 of the stream's previous statement; zeros at <paramref name="Seq"/> 0.</param>
/// <param name="RecordCount">How many records the batch has: 1 to <see cref="MaxRecords"/>.</param>
/// <param name="RecordsRoot">Merkle root over the records' leaf hashes, in order.</param>
/// <param name="KnownHead">The newest checkpoint that the emitter knew: the records were signed after it.</param>
public sealed record StatementPayload(
    StreamId Stream, long Seq, Digest Previous, int RecordCount, Digest RecordsRoot, TreeHead? KnownHead)
{
    /// <summary>The most records that one statement may sign.</summary>
    public const int MaxRecords = 65536;

    private const int Version = 1;
    private const int Members = 7;

    /// <summary>Throws when the members contradict each other or their ranges.</summary>
    /// <exception cref="EvidenceFormatException">A member is out of range.</exception>
    internal void Check()
    {
        if (Seq < 0)
        {
            throw new EvidenceFormatException($"statement payload, seq: expected an integer from 0, found {Seq}");
        }

        if (Seq == 0 != (Previous == default))
        {
            throw new EvidenceFormatException($"statement payload, prev: expected zeros at seq 0 and nowhere else, found {Previous} at seq {Seq}");
        }

        if (RecordCount is < 1 or > MaxRecords)
        {
            throw new EvidenceFormatException($"statement payload, record count: expected 1 to {MaxRecords}, found {RecordCount}");
        }
    }

    /// <summary>The payload as deterministic CBOR.</summary>
    internal byte[] Encode()
    {
        Check();
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartArray(Members);
        writer.WriteInt32(Version);
        writer.WriteByteString(Stream.ToArray());
        writer.WriteInt64(Seq);
        writer.WriteByteString(Previous.ToArray());
        writer.WriteInt32(RecordCount);
        writer.WriteByteString(RecordsRoot.ToArray());
        if (KnownHead is { } head)
        {
            writer.WriteStartArray(2);
            writer.WriteInt64(head.Size);
            writer.WriteByteString(head.Root.ToArray());
            writer.WriteEndArray();
        }
        else
        {
            writer.WriteNull();
        }

        writer.WriteEndArray();
        return writer.Encode();
    }

    /// <summary>Reads a payload.</summary>
    internal static StatementPayload Decode(ReadOnlyMemory<byte> bytes)
    {
        var cbor = new DeterministicCbor(bytes, "statement payload");
        cbor.ReadArray(Members, "payload");
        if (cbor.ReadInteger("version") is not Version and var other)
        {
            throw cbor.Error(1, "version", "1, the only version there is", $"{other}");
        }

        var stream = StreamId.FromBytes(cbor.ReadBytes(16, "stream").Span);
        var seq = cbor.ReadUnsigned(long.MaxValue, "seq");
        var previous = new Digest(cbor.ReadBytes(Digest.Size, "prev").Span);
        var count = (int)cbor.ReadUnsigned(MaxRecords, "record count");
        var root = new Digest(cbor.ReadBytes(Digest.Size, "records root").Span);
        TreeHead? known = null;
        if (!cbor.TryReadNull())
        {
            cbor.ReadArray(2, "known head");
            known = new TreeHead(cbor.ReadUnsigned(long.MaxValue, "known size"), new Digest(cbor.ReadBytes(Digest.Size, "known root").Span));
        }

        cbor.End();
        var payload = new StatementPayload(stream, seq, previous, count, root, known);
        payload.Check();
        return payload;
    }
}
