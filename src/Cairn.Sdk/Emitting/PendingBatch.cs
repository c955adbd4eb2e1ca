using System.Buffers;
using Cairn.Evidence;
using Cairn.Evidence.Commitments;

namespace Cairn.Sdk.Emitting;

/// <summary>A formatted record that waits for its signature.</summary>
internal readonly record struct PendingRecord(
    int Offset, int Length, RecordId Id, TraceId Trace, IReadOnlyList<SealedContent> Contents, long ContentBytes, DurableWaiter? Waiter);

/// <summary>Records in order, their bytes in one buffer. Reused, so that a steady flow of records allocates nothing.</summary>
internal sealed class PendingBatch
{
    public ArrayBufferWriter<byte> Buffer { get; } = new(64 * 1024);

    public List<PendingRecord> Records { get; } = new(256);

    /// <summary>Bytes of records and contents.</summary>
    public long Bytes { get; set; }

    public ReadOnlySpan<byte> BytesOf(in PendingRecord record) => Buffer.WrittenSpan.Slice(record.Offset, record.Length);

    public void Clear()
    {
        Buffer.ResetWrittenCount();
        Records.Clear();
        Bytes = 0;
    }
}
