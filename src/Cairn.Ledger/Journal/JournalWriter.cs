using System.Threading.Channels;
using Cairn.Evidence;
using Cairn.Evidence.Submissions;
using Microsoft.Data.Sqlite;

namespace Cairn.Ledger.Journal;

/// <summary>
/// The only writer of statements in this process: one thread that takes all that waits and commits it as one transaction
/// (group commit), so that many callers share one fsync. A caller's task completes after the commit returned.
/// </summary>
internal sealed class JournalWriter : IAsyncDisposable
{
    private const int MostInOneCommit = 1024;
    private readonly Channel<Waiting> _queue = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(4096) { SingleReader = true });
    private readonly Journal _journal;
    private readonly JournalGate _gate;
    private readonly Action<string, Exception> _fatal;
    private readonly Action _committed;
    private readonly Task _loop;

    public JournalWriter(Journal journal, JournalGate gate, Action<string, Exception> fatal, Action committed)
    {
        (_journal, _gate, _fatal, _committed) = (journal, gate, fatal, committed);
        _loop = Task.Factory.StartNew(Loop, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Stores a submission; completes when it is durable.</summary>
    /// <exception cref="LedgerUnavailableException">It could not be stored.</exception>
    /// <exception cref="SubmissionRejectedException">It contradicts its stream.</exception>
    public async Task<long> AppendAsync(AcceptedSubmission submission, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(submission);
        try
        {
            await _queue.Writer.WriteAsync(waiting, cancellationToken);
        }
        catch (ChannelClosedException problem)
        {
            throw new LedgerUnavailableException("the ledger is being closed", problem);
        }

        return await waiting.Done.Task.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop;
    }

    private void Loop()
    {
        var batch = new List<Waiting>(MostInOneCommit);
        while (WaitToRead())
        {
            batch.Clear();
            while (batch.Count < MostInOneCommit && _queue.Reader.TryRead(out var waiting))
            {
                batch.Add(waiting);
            }

            Commit(batch);
        }
    }

    private bool WaitToRead() => _queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult();

    private void Commit(List<Waiting> batch)
    {
        var outcomes = new (long Index, Exception? Refused)[batch.Count];
        try
        {
            _gate.Enter();
            try
            {
                _journal.Execute("BEGIN IMMEDIATE");
                var next = _journal.Count();
                for (var i = 0; i < batch.Count; i++)
                {
                    outcomes[i] = Append(batch[i].Submission, ref next);
                }

                _journal.Execute("COMMIT");
            }
            finally
            {
                _gate.Leave();
            }
        }
        catch (SqliteException problem)
        {
            if (JournalFailure.IsFsync(problem))
            {
                _fatal($"fsync failed on the journal {_journal.Path}: what is on disk is unknown, so this process ends without acknowledging", problem);
            }

            RollBack();
            var failure = JournalFailure.Unavailable(_journal.Path, problem);
            batch.ForEach(waiting => waiting.Done.TrySetException(failure));
            return;
        }
        catch (IOException problem)
        {
            RollBack();
            var failure = new LedgerUnavailableException($"the journal {_journal.Path} can't take evidence now: {problem.Message}", problem);
            batch.ForEach(waiting => waiting.Done.TrySetException(failure));
            return;
        }

        catch (LedgerInconsistentException problem)
        {
            // The journal contradicts itself: nobody is acknowledged, everybody learns why, and the loop lives on.
            RollBack();
            batch.ForEach(waiting => waiting.Done.TrySetException(problem));
            return;
        }

        for (var i = 0; i < batch.Count; i++)
        {
            if (outcomes[i].Refused is { } refused)
            {
                batch[i].Done.TrySetException(refused);
            }
            else
            {
                batch[i].Done.TrySetResult(outcomes[i].Index);
            }
        }

        _committed();
    }

    private void RollBack()
    {
        try
        {
            _journal.Execute("ROLLBACK");
        }
        catch (SqliteException problem) when (problem.SqliteErrorCode == 1)
        {
            // SQLite has rolled back by itself, as it does for a full disk; there is no transaction to end.
        }
    }

    /// <summary>Checks the stream's order and inserts. The same statement again gives its index; another one in its place is refused.</summary>
    private (long Index, Exception? Refused) Append(AcceptedSubmission accepted, ref long next)
    {
        var statement = accepted.Submission.Statement;
        var payload = statement.Payload;
        var stream = payload.Stream.ToArray();
        var (expected, previous, issuer) = StreamState(stream);
        if (issuer is not null && issuer != statement.Issuer.ToString())
        {
            return (0, new SubmissionRejectedException("stream-issuer", $"stream {payload.Stream} is {issuer}'s; {statement.Issuer} can't continue it"));
        }

        if (payload.Seq < expected)
        {
            return Again(stream, payload.Seq, statement.Hash);
        }

        if (payload.Seq > expected || payload.Previous != previous)
        {
            return (0, new SubmissionRejectedException(
                "stream-order",
                payload.Seq > expected
                    ? $"stream {payload.Stream}: expected statement {expected} next, found {payload.Seq}"
                    : $"stream {payload.Stream}, statement {payload.Seq}: expected the previous statement's hash {previous}, found {payload.Previous}"));
        }

        _journal.Execute(
            "INSERT INTO statement(idx, stream, seq, hash, leaf, entry, records) VALUES($idx, $stream, $seq, $hash, $leaf, $entry, $records)",
            ("$idx", next),
            ("$stream", stream),
            ("$seq", payload.Seq),
            ("$hash", statement.Hash.ToArray()),
            ("$leaf", statement.LeafHash.ToArray()),
            ("$entry", Array(statement.Bytes)),
            ("$records", accepted.Records));
        _journal.Execute(
            "INSERT INTO stream(stream, issuer, next_seq, last_hash) VALUES($stream, $issuer, $next, $hash) ON CONFLICT(stream) DO UPDATE SET next_seq = excluded.next_seq, last_hash = excluded.last_hash",
            ("$stream", stream),
            ("$issuer", statement.Issuer.ToString()),
            ("$next", payload.Seq + 1),
            ("$hash", statement.Hash.ToArray()));
        if (statement.X5Chain.Count > 0)
        {
            _journal.Execute(
                "INSERT INTO certificate(x5t, chain) VALUES($x5t, $chain) ON CONFLICT DO NOTHING",
                ("$x5t", Digest.Sha256(statement.X5Chain[0].Span).ToArray()),
                ("$chain", Ingest.IssuerKeys.EncodeChain(statement.X5Chain)));
        }

        foreach (var (trace, count) in accepted.Trails)
        {
            _journal.Execute("INSERT INTO trail(trace, idx, records) VALUES($trace, $idx, $records)", ("$trace", Convert.FromHexString(trace.ToString())), ("$idx", next), ("$records", count));
        }

        foreach (var content in accepted.Submission.Contents)
        {
            _journal.Execute(
                "INSERT INTO content(record, member, trace, ciphertext) VALUES($record, $member, $trace, $ciphertext) ON CONFLICT DO NOTHING",
                ("$record", content.Record.ToString()),
                ("$member", content.Member),
                ("$trace", Convert.FromHexString(content.Trace.ToString())),
                ("$ciphertext", Array(content.Ciphertext)));
        }

        return (next++, null);
    }

    private (long Next, Digest Previous, string? Issuer) StreamState(byte[] stream)
    {
        using var reader = _journal.Query("SELECT next_seq, last_hash, issuer FROM stream WHERE stream = $stream", ("$stream", stream));
        return reader.Read() ? (reader.GetInt64(0), new Digest((byte[])reader[1]), reader.GetString(2)) : (0, default, null);
    }

    private (long Index, Exception? Refused) Again(byte[] stream, long seq, Digest hash)
    {
        using var reader = _journal.Query("SELECT idx, hash FROM statement WHERE stream = $stream AND seq = $seq", ("$stream", stream), ("$seq", seq));
        if (!reader.Read())
        {
            throw new LedgerInconsistentException($"{_journal.Path}: stream {Convert.ToHexStringLower(stream)} has no statement {seq}, though later ones are there");
        }

        var stored = new Digest((byte[])reader[1]);
        return stored == hash
            ? (reader.GetInt64(0), null)
            : (0, new SubmissionRejectedException("stream-fork", $"stream {Convert.ToHexStringLower(stream)}, statement {seq}: the ledger holds another one, with hash {stored}; found {hash}"));
    }

    private static byte[] Array(ReadOnlyMemory<byte> bytes) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(bytes, out var segment) && segment.Offset == 0 && segment.Count == segment.Array!.Length
            ? segment.Array
            : bytes.ToArray();

    private sealed record Waiting(AcceptedSubmission Submission)
    {
        public TaskCompletionSource<long> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
