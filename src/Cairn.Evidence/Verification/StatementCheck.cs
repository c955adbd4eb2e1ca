using Cairn.Evidence.Bundles;
using Cairn.Evidence.Decisions;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Records;
using Cairn.Evidence.Statements;

namespace Cairn.Evidence.Verification;

/// <summary>
/// Walks statements, proofs and records side by side, one statement at a time (docs/spec/verification.md §4). Every
/// record is hashed into its statement, every statement into the checkpoint.
/// </summary>
internal sealed class StatementCheck(
    TreeHead newest, KnownHeads heads, IssuerTrust trust, TimesCheck times, RevocationCheck revocations, TrailCheck trail, ContentCheck? contents, DecisionCheck decisions, FailureList integrity, FailureList warnings, VerifyOptions options)
{
    private const int MostProofLine = 8 << 20;
    private const int ProgressEvery = 10_000;

    private readonly Dictionary<StreamId, StreamState> _streams = [];
    private readonly List<StreamState> _order = [];
    private long _lastIndex = -1;
    private long _nextProgress = ProgressEvery;

    public long Statements { get; private set; }

    public IReadOnlyList<StreamState> Streams => _order;

    /// <exception cref="BundleFault">The files can't be read on.</exception>
    public void Run(BundleContents bundle, CancellationToken cancellationToken)
    {
        var statements = new StatementReader(bundle[BundleFiles.Statements]);
        var proofs = new LineReader(bundle[BundleFiles.Proofs], BundleFiles.Proofs, MostProofLine);
        var records = new LineReader(bundle[BundleFiles.Records], BundleFiles.Records, IJson.MaxRecordBytes);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var bytes = statements.Read();
            var hasProof = proofs.TryRead(out var line);
            if (bytes is null || !hasProof)
            {
                if (bytes is not null || hasProof)
                {
                    throw BundleFault.File(ReasonCodes.StatementUnpaired, hasProof ? BundleFiles.Statements : BundleFiles.Proofs, "one proof for each statement", $"{Statements} of one and more of the other");
                }

                break;
            }

            CheckOne(bytes, StatementProof.Parse(line, proofs.Lines), records);
            Statements++;
        }

        if (records.TryRead(out _))
        {
            integrity.Add(ReasonCodes.RecordsCount, "file", BundleFiles.Records, $"the {records.Lines - 1} records that the statements have", "more");
        }
    }

    private void CheckOne(byte[] bytes, StatementProof proof, LineReader records)
    {
        SignedStatement? statement = null;
        var subject = $"{proof.Index}";
        try
        {
            statement = SignedStatement.Decode(bytes);
        }
        catch (EvidenceFormatException error)
        {
            integrity.Add(ReasonCodes.StatementMalformed, "statement", subject, "a signed statement", error.Message);
        }

        CheckPlace(bytes, proof, subject);
        if (statement is null)
        {
            // Without the statement nobody says how many records it has unless the proof names them.
            Skip(proof.Records?.Count ?? proof.Hints.Length / 4, records);
            return;
        }

        var stream = StreamOf(statement, subject);
        stream.Follow(statement, subject, integrity);
        CheckHead(statement, proof.Index, subject);
        times.Take(proof.Index, statement.Payload.KnownHead?.Size ?? 0);
        var latest = CheckRecords(statement, proof, subject, stream, records);
        if (trust.Check(statement, proof.Index, "statement", latest, integrity, warnings) is { } key)
        {
            revocations.JudgeOfTrail(statement.Issuer, proof.Index, key);
        }

        if (trail.Records >= _nextProgress)
        {
            _nextProgress = trail.Records + ProgressEvery;
            options.Progress?.Invoke(trail.Records);
        }
    }

    private void CheckPlace(byte[] bytes, StatementProof proof, string subject)
    {
        if (proof.Index <= _lastIndex)
        {
            integrity.Add(ReasonCodes.IndexOrder, "statement", subject, $"an index above {_lastIndex}, the one before it", proof.Index == _lastIndex ? "the same statement again" : $"{proof.Index}");
        }

        _lastIndex = Math.Max(_lastIndex, proof.Index);
        StatementPlace.Check(bytes, proof.Index, proof.Path, newest, "statement", integrity);
    }

    private StreamState StreamOf(SignedStatement statement, string subject)
    {
        var id = statement.Payload.Stream;
        if (!_streams.TryGetValue(id, out var state))
        {
            state = new StreamState(id, statement.Issuer, trust.RuleFor(statement));
            _streams.Add(id, state);
            _order.Add(state);
        }

        if (state.Issuer != statement.Issuer)
        {
            integrity.Add(ReasonCodes.StreamIssuer, "statement", subject, $"the issuer {Hex.Excerpt(state.Issuer.ToString())} of stream {id}", Hex.Excerpt(statement.Issuer.ToString()));
        }

        return state;
    }

    private void CheckHead(SignedStatement statement, long index, string subject)
    {
        if (statement.Payload.KnownHead is not { } head)
        {
            return;
        }

        if (head.Size > index)
        {
            integrity.Add(ReasonCodes.HeadAfterStatement, "statement", subject, $"a known tree head of at most {index} statements", $"one of {head.Size}");
        }

        if (heads.IsProven(head) is not true and var proven)
        {
            integrity.Add(
                proven is null ? ReasonCodes.HeadMissing : ReasonCodes.HeadInconsistent, "statement", subject,
                $"a proof that the checkpoint extends the tree of size {head.Size} with root {head.Root} that its emitter was shown",
                proven is null ? "none" : "another tree of that size: the ledger was forked, or the proof altered");
        }
    }

    private DateTimeOffset CheckRecords(SignedStatement statement, StatementProof proof, string subject, StreamState stream, LineReader records)
    {
        var count = statement.Payload.RecordCount;
        var present = proof.Records?.Count ?? count;
        if (present > count || proof.Siblings.Count != count - present || (present > 0 && proof.Records is { } positions && positions[^1] >= count))
        {
            integrity.Add(
                ReasonCodes.RecordsCount, "statement", subject, $"records and sibling hashes for the {count} records that it signs", $"{present} records and {proof.Siblings.Count} siblings");
            Skip(present, records);
            return DateTimeOffset.MinValue;
        }

        var range = new CompactRange();
        var latest = DateTimeOffset.MinValue;
        var suspect = -1;
        var brackets = options.Record is null ? [] : times.Of(proof.Index, statement.Payload.KnownHead?.Size ?? 0);
        for (var (position, next, sibling) = (0, 0, 0); position < count; position++)
        {
            if (proof.Records is not null && (next == present || proof.Records[next] != position))
            {
                range.Append(proof.Siblings[sibling++]);
                continue;
            }

            if (!records.TryRead(out var record))
            {
                throw BundleFault.File(ReasonCodes.RecordsCount, BundleFiles.Records, $"record {position} of statement {subject}", "the end of the file");
            }

            var leaf = MerkleHash.Leaf(record);
            range.Append(leaf);
            suspect = suspect < 0 && IsOther(leaf, proof.Hints.Span, next) ? (int)records.Lines : suspect;
            next++;
            latest = CheckRecord(record, stream, position, subject, latest);
            options.Record?.Invoke(new BundleRecord(record.ToArray(), statement.Issuer, statement.Payload.Stream, proof.Index)
            {
                Position = position,
                KnownHead = statement.Payload.KnownHead,
                Brackets = brackets,
            });
        }

        var root = range.Root();
        if (root != statement.Payload.RecordsRoot)
        {
            integrity.Add(
                ReasonCodes.RecordsRoot, "statement", subject, $"records with the Merkle root {statement.Payload.RecordsRoot} that it signs",
                $"{root}: {(suspect > 0 ? $"{BundleFiles.Records} line {suspect} was altered" : "a record was altered, removed, replaced or moved")}");
        }

        return latest;
    }

    private DateTimeOffset CheckRecord(ReadOnlySpan<byte> bytes, StreamState stream, int position, string subject, DateTimeOffset latest)
    {
        try
        {
            var record = RecordView.Parse(bytes);
            trail.Take(stream, record);
            contents?.Take(record);
            decisions.Take(record);
            return record.Time > latest ? record.Time : latest;
        }
        catch (EvidenceFormatException error)
        {
            integrity.Add(ReasonCodes.RecordMalformed, "record", $"{position} of statement {subject}", "a record", error.Message);
            return latest;
        }
    }

    /// <summary>The hints are unproven: they only say which record to look at first.</summary>
    private static bool IsOther(in Digest leaf, ReadOnlySpan<byte> hints, int number)
    {
        Span<byte> bytes = stackalloc byte[Digest.Size];
        leaf.CopyTo(bytes);
        return hints.Length >= 4 * (number + 1) && !hints.Slice(4 * number, 4).SequenceEqual(bytes[..4]);
    }

    private static void Skip(int lines, LineReader records)
    {
        while (lines-- > 0 && records.TryRead(out _))
        {
        }
    }
}
