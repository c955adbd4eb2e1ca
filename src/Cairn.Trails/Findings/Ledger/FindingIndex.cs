using System.Runtime.ExceptionServices;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Ledger;
using Microsoft.Data.Sqlite;

namespace Cairn.Trails.Findings;

/// <summary>
/// The findings of a whole ledger, kept up with it in index.db: only trails that changed are checked again, and those that
/// share a credential with one that did. Trails that went on side by side are read together, and judged on all processors.
/// Several processes may keep it up, in turns.
/// </summary>
public sealed class FindingIndex : IDisposable
{
    private const long Piece = 2000;

    // How many records of trails are in memory at once, if no single trail has more.
    private const long RecordsAtOnce = 100_000;
    private readonly EmbeddedLedger _ledger;
    private readonly TrailStore _trails;
    private readonly IndexTables _tables;
    private readonly CheckOptions _options;

    private FindingIndex(EmbeddedLedger ledger, IndexTables tables, CheckOptions options) =>
        (_ledger, _trails, _tables, _options) = (ledger, new TrailStore(ledger), tables, options);

    /// <summary>Opens the index of a data directory. Findings that were made under other options are made anew.</summary>
    /// <exception cref="SqliteException">index.db can't be read or written: delete it.</exception>
    public static FindingIndex Open(EmbeddedLedger ledger, LedgerDirectory directory, CheckOptions options)
    {
        ArgumentNullException.ThrowIfNull(directory);
        ArgumentNullException.ThrowIfNull(options);
        var tables = IndexTables.Open(directory.IndexPath, directory.Origin);
        var taken = $"{options.ClockTolerance.Ticks} {options.MaxDelegationDepth} {options.LongLived.Ticks} {string.Join(',', options.EgressHosts ?? ["-"])} {options.Trust?.Encode()}";
        var digest = Digest.Sha256(System.Text.Encoding.UTF8.GetBytes($"{taken} {string.Join(' ', RuleCatalogue.All.Select(rule => rule.Id))}")).ToString();
        if (tables.One("SELECT options FROM check_state") as string != digest)
        {
            tables.Run("BEGIN IMMEDIATE; UPDATE check_trail SET dirty = 2; UPDATE check_state SET options = $options; COMMIT", ("$options", digest));
        }

        return new FindingIndex(ledger, tables, options);
    }

    /// <summary>Takes in what the journal has since the last time, and checks every trail that it touches.</summary>
    /// <returns>How many trails were checked.</returns>
    public Task<int> CatchUpAsync(CancellationToken cancellationToken = default) => CatchUpAsync(0, cancellationToken);

    /// <summary>Takes in what the journal has since the last time, and checks the trails that it touches.</summary>
    /// <param name="growth">
    /// By what share a trail that was checked before must have grown to be checked again: 0 checks all that changed. With more, a trail that grows by little at a time is read a number of times that follows from its length's
    /// logarithm; <see cref="Waiting"/> tells how many are behind. A change of a credential is not put off.
    /// </param>
    /// <param name="cancellationToken">Stops it between pieces; what was written stays.</param>
    /// <returns>How many trails were checked.</returns>
    public async Task<int> CatchUpAsync(double growth, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(growth);
        while (await _tables.WholeAsync(() => TakeAsync(cancellationToken)))
        {
        }

        var checkedTrails = 0;
        while (await _tables.WholeAsync(() => CheckSomeAsync(growth, cancellationToken)) is > 0 and var some)
        {
            checkedTrails += some;
        }

        return checkedTrails;
    }

    /// <summary>How many trails have records that their findings do not take into account yet.</summary>
    public long Waiting => (long)_tables.One("SELECT count(*) FROM check_trail WHERE dirty > 0")!;

    /// <summary>Findings that stand, by trail (newest first), then in the order of the catalogue.</summary>
    /// <param name="trace">Only of this trail; null: of all.</param>
    /// <param name="since">Only of trails that have a record since then; null: of all.</param>
    public IReadOnlyList<Finding> Findings(TraceId? trace = null, DateTimeOffset? since = null) => _tables.All(
        Read,
        """
        SELECT f.trace, f.rule, f.key, f.subject, f.expected, f.found, f.records FROM finding f JOIN check_trail t ON t.trace = f.trace
        WHERE f.settled IS NULL AND ($trace IS NULL OR f.trace = $trace) AND t.last >= $since ORDER BY t.last DESC, f.trace, f.place
        """,
        ("$trace", trace?.ToString()), ("$since", since?.UtcTicks ?? 0));

    /// <summary>How many findings were there once and are settled by later records.</summary>
    public long Settled(TraceId? trace = null) =>
        (long)_tables.One("SELECT count(*) FROM finding WHERE settled IS NOT NULL AND ($trace IS NULL OR trace = $trace)", ("$trace", trace?.ToString()))!;

    /// <inheritdoc/>
    public void Dispose() => _tables.Dispose();

    // Marks what is new. Only records about credentials are read further than their trace and kind.
    private async Task<bool> TakeAsync(CancellationToken cancellationToken)
    {
        var next = (long)_tables.One("SELECT next FROM check_state")!;
        var end = Math.Min(_ledger.Count(), next + Piece);
        var touched = new Dictionary<TraceId, (long First, long Records)>();
        var credentials = new List<TrailRecord>();
        await foreach (var entry in _ledger.ReadAsync(next, end, cancellationToken))
        {
            foreach (var bytes in entry.Records)
            {
                var view = RecordView.Parse(bytes.Span);
                var trace = view.Trace;
                touched[trace] = touched.TryGetValue(trace, out var known) ? (known.First, known.Records + 1) : (entry.Index, 1);
                if (view.Kind.SequenceEqual("credential.issued"u8) || view.Kind.SequenceEqual("credential.revoked"u8) || view.Kind.SequenceEqual("credential.expired"u8))
                {
                    credentials.Add(new TrailRecord(Record.Parse(bytes), entry.Statement.Issuer, entry.Statement.Payload.Stream, entry.Index));
                }
            }
        }

        foreach (var (trace, (first, records)) in touched)
        {
            _tables.Run(
                "INSERT INTO check_trail VALUES($trace, $first, 0, $records, 0, 1) ON CONFLICT DO UPDATE SET records = records + excluded.records, dirty = max(dirty, 1)",
                ("$trace", trace.ToString()), ("$first", first), ("$records", records));
        }

        var book = new LedgerCredentials(_tables);
        credentials.ForEach(book.Take);
        _tables.Run("UPDATE check_state SET next = $next", ("$next", Math.Max(next, end)));
        return end < _ledger.Count();
    }

    private async Task<int> CheckSomeAsync(double growth, CancellationToken cancellationToken)
    {
        var traces = Next(growth);
        if (traces.Count == 0)
        {
            return 0;
        }

        var records = await _trails.RecordsAsync(traces, cancellationToken);
        var trails = OnAllProcessors(records, Trail.From, cancellationToken);
        var book = new LedgerCredentials(_tables);
        trails.ForEach(book.Take);
        var findings = OnAllProcessors(trails, trail => RuleCatalogue.Check(new TrailCase(trail, book, _options)).ToList(), cancellationToken);
        for (var i = 0; i < trails.Count; i++)
        {
            Write(trails[i], findings[i]);
        }

        return traces.Count;
    }

    private static List<TResult> OnAllProcessors<T, TResult>(IEnumerable<T> items, Func<T, TResult> work, CancellationToken cancellationToken)
    {
        try
        {
            return [.. items.AsParallel().AsOrdered().WithCancellation(cancellationToken).Select(work)];
        }
        catch (AggregateException problems)
        {
            // Callers know what one trail can fail with.
            ExceptionDispatchInfo.Throw(problems.InnerExceptions[0]);
            throw;
        }
    }

    // Those that began first, so that trails that went on side by side are read together.
    private List<TraceId> Next(double growth)
    {
        var records = 0L;
        return _tables.All(
                row => (Trace: TraceId.Parse(row.GetString(0)), Records: row.GetInt64(1)),
                "SELECT trace, records FROM check_trail WHERE dirty = 2 OR (dirty = 1 AND records >= checked * (1 + $growth)) ORDER BY first, trace LIMIT 1000",
                ("$growth", growth))
            .TakeWhile(trail => (records += trail.Records) == trail.Records || records <= RecordsAtOnce)
            .Select(trail => trail.Trace)
            .ToList();
    }

    private void Write(Trail trail, List<Finding> findings)
    {
        var trace = trail.Trace.ToString();
        var place = 0;
        _tables.Run("UPDATE finding SET settled = $at WHERE trace = $trace AND settled IS NULL", ("$at", _ledger.Count()), ("$trace", trace));
        foreach (var finding in findings)
        {
            _tables.Run(
                "INSERT OR REPLACE INTO finding VALUES($trace, $rule, $key, $place, $subject, $expected, $found, $records, NULL)",
                ("$trace", trace), ("$rule", finding.Rule), ("$key", finding.Key), ("$place", place++), ("$subject", finding.Subject),
                ("$expected", finding.Expected), ("$found", finding.Found), ("$records", string.Join(' ', finding.Records)));
        }

        _tables.Run("UPDATE check_trail SET dirty = 0, last = $last, checked = records WHERE trace = $trace", ("$last", trail.Ended.UtcTicks), ("$trace", trace));
    }

    private static Finding Read(SqliteDataReader row)
    {
        var rule = RuleCatalogue.Find(row.GetString(1)) ?? throw new InvalidOperationException($"the index has a finding of an unknown rule {row.GetString(1)}; delete index.db");
        return new Finding(
            rule.Id, rule.Severity, TraceId.Parse(row.GetString(0)), row.GetString(3), row.GetString(4), row.GetString(5), [.. row.GetString(6).Split(' ').Select(RecordId.Parse)])
        {
            Key = row.GetString(2),
        };
    }
}
