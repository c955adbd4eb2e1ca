using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Submissions;

namespace Cairn.Sdk.Emitting;

/// <summary>Signs pending records: one statement for as many as fit, each statement naming the hash of the one before (DESIGN: statement).</summary>
internal sealed class StatementSealer(EmitterOptions options, SigningIdentity identity, HeadTracker heads)
{
    private long _seq;
    private Digest _previous;

    public StreamId Stream { get; private set; } = StreamId.New();

    /// <summary>Begins another stream: seq 0, no previous statement, certificates included.</summary>
    public void StartStream()
    {
        (Stream, _seq, _previous) = (StreamId.New(), 0, default);
        identity.IsChainDue = true;
    }

    /// <summary>Signs a batch. On cancellation nothing has been signed.</summary>
    public async ValueTask<List<OutboxItem>> SealAsync(PendingBatch batch, CancellationToken cancellationToken)
    {
        var signer = await identity.CurrentAsync(cancellationToken);
        var items = new List<OutboxItem>();
        var start = 0;
        while (start < batch.Records.Count)
        {
            var count = CountThatFits(batch, start);
            items.Add(Seal(signer, batch, start, count));
            start += count;
        }

        return items;
    }

    private int CountThatFits(PendingBatch batch, int start)
    {
        var (count, bytes) = (0, 0L);
        while (start + count < batch.Records.Count && count < options.MaxBatchRecords)
        {
            var record = batch.Records[start + count];
            bytes += record.Length + record.ContentBytes;
            if (bytes > options.MaxBatchBytes && count > 0)
            {
                break;
            }

            count++;
        }

        return count;
    }

    private OutboxItem Seal(StatementSigner signer, PendingBatch batch, int start, int count)
    {
        var pending = batch.Records.GetRange(start, count);
        var bytes = new byte[pending.Sum(p => p.Length)]; // the batch's own buffer is used again
        var records = new ReadOnlyMemory<byte>[count];
        var leaves = new Digest[count];
        var used = 0;
        for (var i = 0; i < count; i++)
        {
            batch.BytesOf(pending[i]).CopyTo(bytes.AsSpan(used));
            records[i] = bytes.AsMemory(used, pending[i].Length);
            leaves[i] = MerkleHash.Leaf(records[i].Span);
            used += pending[i].Length;
        }

        var payload = new StatementPayload(Stream, _seq, _previous, count, MerkleTree.Root(leaves), heads.Known);
        var statement = signer.Sign(payload, identity.IsChainDue);
        identity.IsChainDue = false;
        _seq++;
        _previous = statement.Hash;

        SealedContent[] contents = [.. pending.SelectMany(p => p.Contents)];
        DurableWaiter[] waiters = [.. pending.Select(p => p.Waiter).OfType<DurableWaiter>()];
        return new OutboxItem(new Submission(statement, records, contents), [.. pending.Select(p => p.Trace).Distinct()], waiters);
    }
}
