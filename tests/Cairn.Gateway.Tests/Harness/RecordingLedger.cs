using System.Collections.Concurrent;
using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Records;
using Cairn.Evidence.Submissions;

namespace Cairn.Gateway.Tests.Harness;

/// <summary>A ledger in memory that keeps what it is given, can be taken away, and can be made slow.</summary>
internal sealed class RecordingLedger : ILedgerClient
{
    private readonly ConcurrentDictionary<(StreamId, long), long> _indexes = [];
    private readonly List<Record> _records = [];
    private readonly List<SealedContent> _contents = [];
    private long _next;

    /// <summary>While true nothing is taken.</summary>
    public bool IsAway { get; set; }

    /// <summary>How long each write takes.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Statements taken.</summary>
    public long Statements => Interlocked.Read(ref _next);

    /// <summary>The records taken, in order.</summary>
    public IReadOnlyList<Record> Records
    {
        get
        {
            lock (_records)
            {
                return [.. _records];
            }
        }
    }

    /// <summary>The contents taken, in order.</summary>
    public IReadOnlyList<SealedContent> Contents
    {
        get
        {
            lock (_records)
            {
                return [.. _contents];
            }
        }
    }

    public async ValueTask<IReadOnlyList<Acknowledgement>> SubmitAsync(IReadOnlyList<Submission> batch, CancellationToken ct)
    {
        await Task.Delay(Delay, ct);
        if (IsAway)
        {
            throw new LedgerUnavailableException("the test took the ledger away");
        }

        var acknowledgements = new List<Acknowledgement>();
        foreach (var submission in batch)
        {
            submission.CheckRecords();
            var payload = submission.Statement.Payload;
            var index = _indexes.GetOrAdd((payload.Stream, payload.Seq), _ =>
            {
                lock (_records)
                {
                    _records.AddRange(submission.Records.Select(Record.Parse));
                    _contents.AddRange(submission.Contents);
                }

                return Interlocked.Increment(ref _next) - 1;
            });
            acknowledgements.Add(new Acknowledgement(payload.Stream, payload.Seq, index));
        }

        return acknowledgements;
    }

    public ValueTask<TreeHead?> NewestHeadAsync(CancellationToken ct) => ValueTask.FromResult<TreeHead?>(null);

    public ValueTask<IReadOnlyList<EmitterCount>> CountsAsync(TraceId trace, CancellationToken ct) =>
        IsAway ? throw new LedgerUnavailableException("the test took the ledger away") : ValueTask.FromResult<IReadOnlyList<EmitterCount>>([]);
}
