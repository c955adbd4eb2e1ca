using Cairn.Evidence;
using Cairn.Evidence.Submissions;
using Cairn.Sdk.Spooling;

namespace Cairn.Sdk.Emitting;

/// <summary>A signed statement with its records, on its way to the ledger.</summary>
internal sealed class OutboxItem(Submission submission, IReadOnlyList<TraceId> traces, IReadOnlyList<DurableWaiter> waiters)
{
    private Submission? _submission = submission;

    public StreamId Stream { get; } = submission.Statement.Payload.Stream;

    public long Seq { get; } = submission.Statement.Payload.Seq;

    public int Records { get; } = submission.Records.Count;

    /// <summary>The trails that its records belong to.</summary>
    public IReadOnlyList<TraceId> Traces => traces;

    /// <summary>The callers that wait for it.</summary>
    public IReadOnlyList<DurableWaiter> Waiters => waiters;

    /// <summary>About how many bytes it takes, in memory and on the wire.</summary>
    public long Bytes { get; } = submission.Statement.Bytes.Length + submission.Records.Sum(r => (long)r.Length) + submission.Contents.Sum(c => (long)c.Ciphertext.Length);

    /// <summary>Where it stands in the spool; null while it is in memory only.</summary>
    public SpoolPosition? Position { get; set; }

    /// <summary>True once it is acknowledged or kept elsewhere for good.</summary>
    public bool IsSettled { get; set; }

    public bool IsInMemory => _submission is not null;

    /// <summary>The submission, while it is in memory.</summary>
    public Submission Submission => _submission ?? throw new InvalidOperationException($"statement {Seq} of stream {Stream} is in the spool only");

    /// <summary>Frees the memory; the spool has it.</summary>
    public void LeaveToSpool() => _submission = null;
}
