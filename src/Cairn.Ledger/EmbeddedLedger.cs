using System.Runtime.CompilerServices;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Receipts;
using Cairn.Evidence.Records;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Submissions;
using Cairn.Evidence.Tiles;
using Cairn.Evidence.Trust;
using Cairn.Ledger.Ingest;
using Cairn.Ledger.Journal;
using Cairn.Ledger.Sequencing;
using Cairn.Ledger.Witnessing;
using Microsoft.Data.Sqlite;

namespace Cairn.Ledger;

/// <summary>
/// The ledger in this process, on a data directory that other processes may use at the same time. Each appends to the
/// journal by itself; one of them makes the checkpoints.
/// </summary>
public sealed class EmbeddedLedger : ILedgerClient, IAsyncDisposable
{
    private readonly LedgerDirectory _directory;
    private readonly Journal.Journal _writing;
    private readonly Journal.Journal _reading;
    private readonly SemaphoreSlim _readingTurn = new(1, 1);
    private readonly JournalGate _gate;
    private readonly JournalWriter _writer;
    private readonly SequencerLoop? _sequencer;
    private readonly IssuerKeys _keys;
    private readonly EmbeddedLedgerOptions _options;
    private readonly SignedHeads _heads;

    private EmbeddedLedger(LedgerDirectory directory, EmbeddedLedgerOptions options)
    {
        (_directory, _options) = (directory, options);
        var witnesses = WitnessPolicy.Read(directory);
        _heads = new SignedHeads(directory, witnesses);
        _writing = Journal.Journal.Open(directory.JournalPath, directory.Origin);
        _reading = Journal.Journal.Open(directory.JournalPath, directory.Origin);
        _gate = new JournalGate(directory.JournalLockPath);
        _keys = IssuerKeys.Of(directory, thumbprint => Reading(journal => journal.Run("SELECT chain FROM certificate WHERE x5t = $x5t", ("$x5t", thumbprint.ToArray())) as byte[]));
        _sequencer = options.Sequence ? new SequencerLoop(directory, options, witnesses, _heads) : null;
        _writer = new JournalWriter(_writing, _gate, options.Fatal, () => _sequencer?.Notify());
    }

    /// <summary>How long after a root was removed, or a key revoked, every process on the directory refuses statements under it.</summary>
    public static TimeSpan RootNotice { get; } = TimeSpan.FromSeconds(2);

    /// <summary>The signed head that the journal holds: published, or about to be. Null for a ledger without a checkpoint.</summary>
    public SignedNote? Checkpoint => Reading(journal => journal.Head().Note) is { } note ? SignedNote.Parse(note) : null;

    /// <summary>Opens the ledger of a data directory.</summary>
    /// <exception cref="LedgerDirectoryException">The journal is missing, damaged or another ledger's.</exception>
    public static Task<EmbeddedLedger> OpenAsync(LedgerDirectory directory, EmbeddedLedgerOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(new EmbeddedLedger(directory, options));
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<Acknowledgement>> SubmitAsync(IReadOnlyList<Submission> batch, CancellationToken ct)
    {
        var waiting = new Task<long>[batch.Count];
        for (var i = 0; i < batch.Count; i++)
        {
            var accepted = SubmissionCheck.Accept(batch[i], _keys);
            waiting[i] = _writer.AppendAsync(accepted, ct);
        }

        var indices = await Task.WhenAll(waiting);
        return [.. batch.Zip(indices, (submission, index) => new Acknowledgement(submission.Statement.Payload.Stream, submission.Statement.Payload.Seq, index))];
    }

    /// <inheritdoc/>
    public ValueTask<TreeHead?> NewestHeadAsync(CancellationToken ct)
    {
        var head = Reading(journal => journal.Head());
        return new ValueTask<TreeHead?>(head.Note is null ? null : head.Head);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<EmitterCount>> CountsAsync(TraceId trace, CancellationToken ct) =>
        new(Reading<IReadOnlyList<EmitterCount>>(journal =>
        {
            using var reader = journal.Query(
                "SELECT stream.issuer, stream.stream, sum(trail.records) FROM trail JOIN statement USING(idx) JOIN stream USING(stream) WHERE trail.trace = $trace GROUP BY stream.stream ORDER BY min(trail.idx)",
                ("$trace", Convert.FromHexString(trace.ToString())));
            var counts = new List<EmitterCount>();
            while (reader.Read())
            {
                counts.Add(new EmitterCount(SpiffeId.Parse(reader.GetString(0)), StreamId.FromBytes((byte[])reader[1]), reader.GetInt64(2)));
            }

            return counts;
        }));

    /// <summary>The number of statements acknowledged.</summary>
    public long Count() => Reading(journal => journal.Count());

    /// <summary>Where this very statement stands in the ledger; null when it was not taken, or another has its place in the stream.</summary>
    public long? IndexOf(SignedStatement statement)
    {
        ArgumentNullException.ThrowIfNull(statement);
        return Reading(journal => journal.Run(
            "SELECT idx FROM statement WHERE stream = $stream AND seq = $seq AND hash = $hash",
            ("$stream", statement.Payload.Stream.ToArray()), ("$seq", statement.Payload.Seq), ("$hash", statement.Hash.ToArray()))) as long?;
    }

    /// <summary>The trails that have records, in the order in which they began, each with its first statement's index.</summary>
    public IReadOnlyList<(TraceId Trace, long FirstIndex)> Trails() => Reading<IReadOnlyList<(TraceId, long)>>(journal =>
    {
        using var reader = journal.Query("SELECT trace, min(idx) FROM trail GROUP BY trace ORDER BY 2");
        var trails = new List<(TraceId, long)>();
        while (reader.Read())
        {
            trails.Add((TraceId.Parse(Convert.ToHexStringLower((byte[])reader[0])), reader.GetInt64(1)));
        }

        return trails;
    });

    /// <summary>The indices of the statements that hold records of a trail, ascending.</summary>
    public IReadOnlyList<long> StatementsOf(TraceId trace) => Reading<IReadOnlyList<long>>(journal =>
    {
        using var reader = journal.Query("SELECT idx FROM trail WHERE trace = $trace ORDER BY idx", ("$trace", Convert.FromHexString(trace.ToString())));
        var indices = new List<long>();
        while (reader.Read())
        {
            indices.Add(reader.GetInt64(0));
        }

        return indices;
    });

    /// <summary>The indices of an emitter's statements, ascending.</summary>
    public IReadOnlyList<long> StatementsBy(SpiffeId issuer) => Reading<IReadOnlyList<long>>(journal =>
    {
        using var reader = journal.Query("SELECT statement.idx FROM stream JOIN statement USING(stream) WHERE stream.issuer = $issuer ORDER BY 1", ("$issuer", issuer.ToString()));
        var indices = new List<long>();
        while (reader.Read())
        {
            indices.Add(reader.GetInt64(0));
        }

        return indices;
    });

    /// <summary>The sealed contents of a trail's records.</summary>
    public IReadOnlyList<SealedContent> ContentsOf(TraceId trace) => Reading<IReadOnlyList<SealedContent>>(journal =>
    {
        using var reader = journal.Query("SELECT record, member, ciphertext FROM content WHERE trace = $trace ORDER BY record, member", ("$trace", Convert.FromHexString(trace.ToString())));
        var contents = new List<SealedContent>();
        while (reader.Read())
        {
            contents.Add(new SealedContent(RecordId.Parse(reader.GetString(0)), reader.GetString(1), trace, (byte[])reader[2]));
        }

        return contents;
    });

    /// <summary>How many contents of a trail's records the ledger keeps.</summary>
    public long CountContents(TraceId trace) =>
        Reading(journal => (long)journal.Run("SELECT count(*) FROM content WHERE trace = $trace", ("$trace", Convert.FromHexString(trace.ToString())))!);

    /// <summary>The sealed contents of one record.</summary>
    public IReadOnlyList<SealedContent> ContentsOf(TraceId trace, RecordId record) => Reading<IReadOnlyList<SealedContent>>(journal =>
    {
        using var reader = journal.Query("SELECT member, ciphertext FROM content WHERE record = $record ORDER BY member", ("$record", record.ToString()));
        var contents = new List<SealedContent>();
        while (reader.Read())
        {
            contents.Add(new SealedContent(record, reader.GetString(0), trace, (byte[])reader[1]));
        }

        return contents;
    });

    /// <summary>The certificate chain whose leaf has that SHA-256, leaf first; null when no statement brought it.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>>? Certificates(Digest thumbprint) =>
        Reading(journal => journal.Run("SELECT chain FROM certificate WHERE x5t = $x5t", ("$x5t", thumbprint.ToArray())) as byte[]) is { } stored ? IssuerKeys.DecodeChain(stored) : null;

    /// <summary>
    /// A checkpoint that covers a statement; asks for one and waits where there is none yet. Where the ledger has a quorum of
    /// witnesses, one that has it; when none comes in <see cref="EmbeddedLedgerOptions.WitnessPatience"/>, the newest signed one,
    /// which <see cref="Standing(SignedNote)"/> does not call final.
    /// </summary>
    /// <exception cref="LedgerUnavailableException">None came in time, or checkpoints can't be made.</exception>
    public async Task<SignedNote> WaitForCheckpointAsync(long index, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var start = Environment.TickCount64;
        var until = start + (long)timeout.TotalMilliseconds;

        // Who has been missing for long is not waited for by every reader again.
        var patience = !_options.WitnessAfresh && WitnessProgress.Read(_directory).MissingSince is { } since && _options.Time.GetUtcNow() - since > _options.WitnessPatience ? TimeSpan.FromMilliseconds(100) : _options.WitnessPatience;
        while (true)
        {
            if (Covering(_heads.Final(), index) is { } final)
            {
                return final;
            }

            if (Environment.TickCount64 > Math.Min(until, start + (long)patience.TotalMilliseconds) && Covering(_heads.Newest(), index) is { } newest)
            {
                return newest;
            }

            if (_sequencer?.Failure is { } failure)
            {
                throw new LedgerUnavailableException($"no checkpoint covers statement {index}: {failure.Message}", failure);
            }

            if (Environment.TickCount64 > until)
            {
                throw new LedgerUnavailableException($"no checkpoint covers statement {index} after {timeout.TotalSeconds:0.#} s; the ledger has {Count()} statements");
            }

            _sequencer?.Hurry();
            await Task.Delay(10, cancellationToken);
        }
    }

    /// <summary>The receipt of a statement: under the newest checkpoint that has its quorum, or, where none covers it, the newest signed one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No published checkpoint covers the index.</exception>
    public async ValueTask<TlogProof> ReceiptAsync(long index, CancellationToken cancellationToken)
    {
        if (index < 0 || (Covering(_heads.Final(), index) ?? Covering(_heads.Newest(), index)) is not { } note)
        {
            var size = _heads.Newest() is { } newest ? Evidence.Checkpoints.Checkpoint.Of(newest).Size : 0;
            throw new ArgumentOutOfRangeException(nameof(index), index, $"the published checkpoint covers {size} statements");
        }

        return new TlogProof(index, await Tree().InclusionPathAsync(index, Evidence.Checkpoints.Checkpoint.Of(note).Size, cancellationToken), note);
    }

    /// <summary>The newest checkpoint that has its quorum of witnesses, where one is asked for; null for none yet.</summary>
    public SignedNote? FinalCheckpoint() => _heads.Final();

    /// <summary>The newest signed head whose tiles are out, final or not, with the cosignatures that it has so far; null for none yet.</summary>
    public SignedNote? NewestCheckpoint() => _heads.Newest();

    /// <summary>What a checkpoint has of what the ledger's witness policy asks for.</summary>
    public CheckpointStanding Standing(SignedNote note)
    {
        var standing = _heads.Standing(note);
        return standing.IsMet ? standing : standing with { MissingSince = WitnessProgress.Read(_directory).MissingSince };
    }

    /// <summary>Proofs from the published tiles.</summary>
    public TileTree Tree() => new(new TileFolder(_directory.TilesPath));

    /// <summary>The statements from one index up to another (exclusive), with their records, a few at a time.</summary>
    public async IAsyncEnumerable<LedgerEntry> ReadAsync(long from, long to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (from < to)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var start = from;
            var rows = Reading(journal => journal.Read(start, Math.Min(256, to - start), 8 * 1024 * 1024, records: true));
            if (rows.Count == 0)
            {
                yield break;
            }

            foreach (var row in rows)
            {
                yield return new LedgerEntry(row.Index, SignedStatement.Decode(row.Entry), RecordPack.Unpack(row.Records));
            }

            from = rows[^1].Index + 1;
            await Task.Yield();
        }
    }

    /// <summary>The statements at those indices, which ascend. Those that stand side by side are read in one go.</summary>
    /// <param name="indices">Which ones; what the ledger lacks is left out.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async IAsyncEnumerable<LedgerEntry> ReadAsync(IReadOnlyList<long> indices, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(indices);
        for (var start = 0; start < indices.Count;)
        {
            var end = start + 1;
            while (end < indices.Count && indices[end] == indices[end - 1] + 1)
            {
                end++;
            }

            await foreach (var entry in ReadAsync(indices[start], indices[end - 1] + 1, cancellationToken))
            {
                yield return entry;
            }

            start = end;
        }
    }

    /// <summary>The statements with changes of trust bundles or revocations of keys, by ascending index: those of the policy's operators are looked at.</summary>
    /// <param name="policy">Says which emitters are operators.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public IAsyncEnumerable<LedgerEntry> TrustChangesAsync(TrustPolicy policy, CancellationToken cancellationToken) =>
        OperatorEntriesAsync(policy, IsTrustChange, cancellationToken);

    /// <summary>The statements of the policy's operators that hold a wanted record, by ascending index.</summary>
    /// <param name="policy">Says which emitters are operators.</param>
    /// <param name="wanted">Whether a record, as its bytes, is wanted.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public async IAsyncEnumerable<LedgerEntry> OperatorEntriesAsync(
        TrustPolicy policy, Func<ReadOnlyMemory<byte>, bool> wanted, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var indices = Reading(journal =>
        {
            var streams = new List<byte[]>();
            using (var reader = journal.Query("SELECT stream, issuer FROM stream"))
            {
                while (reader.Read())
                {
                    if (policy.RuleFor(SpiffeId.Parse(reader.GetString(1))) is { Role: EmitterRole.Operator })
                    {
                        streams.Add((byte[])reader[0]);
                    }
                }
            }

            var found = new List<long>();
            foreach (var stream in streams)
            {
                using var reader = journal.Query("SELECT idx FROM statement WHERE stream = $stream", ("$stream", stream));
                while (reader.Read())
                {
                    found.Add(reader.GetInt64(0));
                }
            }

            found.Sort();
            return found;
        });
        foreach (var index in indices)
        {
            await foreach (var entry in ReadAsync(index, index + 1, cancellationToken))
            {
                if (entry.Records.Any(wanted))
                {
                    yield return entry;
                }
            }
        }
    }

    /// <summary>Whether a record is a change of a trust bundle, or revokes a key.</summary>
    public static bool IsTrustChange(ReadOnlyMemory<byte> record) =>
        RecordView.Parse(record.Span).Kind is var kind && (kind.SequenceEqual("ledger.trust_changed"u8) || kind.SequenceEqual("ledger.key_revoked"u8));

    /// <summary>Ends this process's part: what was acknowledged is durable already; if it is the sequencer, all of it gets its checkpoint first.</summary>
    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        if (_sequencer is not null)
        {
            await _sequencer.DisposeAsync();
        }

        _keys.Dispose();
        _writing.Dispose();
        _reading.Dispose();
        _gate.Dispose();
        _readingTurn.Dispose();
    }

    /// <summary>Makes the journal believe that its disk has room for that many pages only.</summary>
    internal void LimitPages(int pages) => _writing.Run($"PRAGMA max_page_count={pages}");

    private static SignedNote? Covering(SignedNote? note, long index) =>
        note is not null && Evidence.Checkpoints.Checkpoint.Of(note).Size > index ? note : null;

    private T Reading<T>(Func<Journal.Journal, T> read)
    {
        _readingTurn.Wait();
        try
        {
            return read(_reading);
        }
        catch (SqliteException problem)
        {
            throw JournalFailure.Unavailable(_directory.JournalPath, problem);
        }
        finally
        {
            _readingTurn.Release();
        }
    }
}
