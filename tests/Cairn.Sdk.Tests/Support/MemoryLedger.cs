using Cairn.Evidence;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Records;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Submissions;

namespace Cairn.Sdk.Tests.Support;

/// <summary>
/// A ledger in memory that checks what a real one checks (signatures, chains, stream order, records) and whose outages
/// a test controls. End-to-end behaviour is tested with the real one; this one is for failures on demand.
/// </summary>
internal sealed class MemoryLedger(byte[] root) : ILedgerClient
{
    private readonly object _gate = new();
    private readonly Dictionary<Digest, long> _indexes = [];
    private readonly Dictionary<StreamId, (long Seq, Digest Hash, IReadOnlyList<ReadOnlyMemory<byte>> Chain)> _streams = [];

    public List<Submission> Accepted { get; } = [];

    public int Calls { get; private set; }

    /// <summary>Submissions that were handed over again after they had been accepted.</summary>
    public int Repeats { get; private set; }

    public bool IsDown { get; set; }

    /// <summary>Accepts, and then loses the answer: the emitter can't know.</summary>
    public bool LosesAnswers { get; set; }

    /// <summary>When set, calls wait for it (or for their cancellation).</summary>
    public TaskCompletionSource? Hang { get; set; }

    public Func<Submission, bool> Refuses { get; set; } = _ => false;

    public TreeHead? Head { get; set; }

    public IReadOnlyList<Record> Records
    {
        get
        {
            lock (_gate)
            {
                return [.. Accepted.SelectMany(s => s.Records).Select(r => Record.Parse(r))];
            }
        }
    }

    public async ValueTask<IReadOnlyList<Acknowledgement>> SubmitAsync(IReadOnlyList<Submission> batch, CancellationToken ct)
    {
        Calls++;
        if (Hang is { } hang)
        {
            await hang.Task.WaitAsync(ct);
        }

        await Task.Yield();
        if (IsDown)
        {
            throw new LedgerUnavailableException("down for the test");
        }

        lock (_gate)
        {
            var answers = batch.Select(Accept).ToList();
            return LosesAnswers ? throw new LedgerUnavailableException("the answer was lost") : answers;
        }
    }

    public ValueTask<TreeHead?> NewestHeadAsync(CancellationToken ct) =>
        IsDown ? throw new LedgerUnavailableException("down for the test") : ValueTask.FromResult(Head);

    public ValueTask<IReadOnlyList<EmitterCount>> CountsAsync(TraceId trace, CancellationToken ct)
    {
        lock (_gate)
        {
            return ValueTask.FromResult<IReadOnlyList<EmitterCount>>([.. Accepted
                .GroupBy(s => (s.Statement.Issuer, s.Statement.Payload.Stream))
                .Select(g => new EmitterCount(g.Key.Issuer, g.Key.Stream, g.SelectMany(s => s.Records).Count(r => Record.Parse(r).Trace == trace)))]);
        }
    }

    private Acknowledgement Accept(Submission submission)
    {
        var statement = submission.Statement;
        var payload = statement.Payload;
        if (_indexes.TryGetValue(statement.Hash, out var known))
        {
            Repeats++;
            return new Acknowledgement(payload.Stream, payload.Seq, known);
        }

        if (Refuses(submission))
        {
            throw new SubmissionRejectedException("test-refusal", "refused for the test");
        }

        var isKnown = _streams.TryGetValue(payload.Stream, out var stream);
        var chain = statement.X5Chain.Count > 0 ? statement.X5Chain : stream.Chain;
        if (payload.Seq != (isKnown ? stream.Seq + 1 : 0) || (isKnown && payload.Previous != stream.Hash))
        {
            throw new SubmissionRejectedException("stream-order", $"stream {payload.Stream}: expected seq {(isKnown ? stream.Seq + 1 : 0)}, found {payload.Seq}");
        }

        submission.CheckRecords();
        var at = Record.Parse(submission.Records[0]).Time;
        var check = SvidChain.Verify(chain, statement.Issuer, [root], at);
        using var key = StatementKey.FromCertificate(chain[0].Span);
        if (!check.IsGood || !statement.Verify(key))
        {
            throw new SubmissionRejectedException("signature", check.Reason);
        }

        // Decoded from a copy: what a real ledger keeps is not the emitter's memory.
        Accepted.Add(Submission.Decode(submission.Encode()));
        _streams[payload.Stream] = (payload.Seq, statement.Hash, chain);
        _indexes.Add(statement.Hash, Accepted.Count - 1);
        return new Acknowledgement(payload.Stream, payload.Seq, Accepted.Count - 1);
    }
}
