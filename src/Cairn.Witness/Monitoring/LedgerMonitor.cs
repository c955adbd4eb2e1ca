using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Tiles;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Witnessing;
using Cairn.Identity.Files;

namespace Cairn.Witness.Monitoring;

/// <summary>How a monitor works.</summary>
public sealed record MonitorOptions
{
    /// <summary>Where it remembers what it saw, and writes proofs; made where there is none.</summary>
    public required string StatePath { get; init; }

    /// <summary>Whom it trusts: the ledger's keys, the witnesses with their URLs, the emitters.</summary>
    public required TrustPolicy Policy { get; init; }

    /// <summary>Acknowledgements that must be kept.</summary>
    public IReadOnlyList<Acknowledged> Acknowledged { get; init; } = [];

    /// <summary>Spools of emitters on this machine: what has gone from them was acknowledged.</summary>
    public IReadOnlyList<string> Spools { get; init; } = [];

    /// <summary>One's own emitters: each is expected to have a stream in the ledger.</summary>
    public IReadOnlyList<SpiffeId> Emitters { get; init; } = [];

    /// <summary>How long something may be on its way: an acknowledged statement into a checkpoint, a cosigned head into view.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>
/// Follows a ledger as somebody who does not trust it: every checkpoint extends the last, every entry leads to its root, every
/// statement is signed and in its place, and the witnesses saw the same tree. What did not hold is never built upon.
/// </summary>
public sealed class LedgerMonitor : IDisposable
{
    private readonly LogSource _source;
    private readonly MonitorOptions _options;
    private readonly TileTree _tree;
    private readonly MonitorStore _store;
    private readonly FileLock _lock;
    private readonly WitnessViews _witnesses;
    private readonly string _origin;

    private LedgerMonitor(LogSource source, MonitorOptions options, string origin, FileLock held, MonitorStore store) =>
        (_source, _options, _origin, _lock, _store, _tree, _witnesses) = (source, options, origin, held, store, new TileTree(source), new WitnessViews(options.Policy.Log));

    /// <summary>Opens a monitor for the one log of a policy.</summary>
    /// <exception cref="WitnessException">The policy names no log or several, or the state is another log's or in use.</exception>
    public static LedgerMonitor Open(LogSource source, MonitorOptions options)
    {
        var origins = options.Policy.Log.Logs.Select(log => log.Key.Name).Distinct().ToList();
        if (origins.Count != 1)
        {
            throw new WitnessException($"a monitor follows one log; the policy names {(origins.Count == 0 ? "none" : string.Join(", ", origins))}");
        }

        DurableFile.CreateDirectory(options.StatePath);
        var held = FileLock.TryTake(Path.Combine(options.StatePath, "monitor.lock")) ?? throw new WitnessException($"another monitor uses {options.StatePath}");
        try
        {
            return new LedgerMonitor(source, options, origins[0], held, MonitorStore.Open(Path.Combine(options.StatePath, "monitor.db"), origins[0]));
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Looks once: the ledger, then its witnesses, then what was promised. Events come in the order in which they were found.</summary>
    public async Task<IReadOnlyList<MonitorEvent>> LookAsync(CancellationToken cancellationToken)
    {
        var events = new List<MonitorEvent>();
        try
        {
            await FollowAsync(events, cancellationToken);
            foreach (var view in await _witnesses.ReadAsync(_origin, events.Add, cancellationToken))
            {
                await CompareAsync(view, events, cancellationToken);
            }

            await PromisesAsync(events, cancellationToken);
            Spools(events);
            Emitters(events);
        }
        catch (LogUnavailableException problem)
        {
            events.Add(new MonitorEvent(true, MonitorCodes.Unreachable, problem.Message));
        }
        catch (EvidenceFormatException problem)
        {
            events.Add(new MonitorEvent(true, MonitorCodes.Inconsistent, $"{_source.Name}: {problem.Message}"));
        }

        Remember(events);
        return events;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _witnesses.Dispose();
        _store.Dispose();
        _lock.Dispose();
    }

    /// <summary>An alarm about a statement is raised when it is passed, and never again: so that it is not lost, it is written down.</summary>
    private void Remember(List<MonitorEvent> events)
    {
        var alarms = events.Where(one => one.IsAlarm).Select(one => JsonSerializer.Serialize(new { time = _options.Time.GetUtcNow(), code = one.Code, size = one.Size, text = one.Text, proof = one.Proof }) + "\n").ToList();
        if (alarms.Count > 0)
        {
            File.AppendAllText(Path.Combine(_options.StatePath, "alarms.jsonl"), string.Concat(alarms));
        }
    }

    private async Task FollowAsync(List<MonitorEvent> events, CancellationToken cancellationToken)
    {
        var (kept, edge) = _store.Head();
        if (await _source.CheckpointAsync(cancellationToken) is not { } note)
        {
            events.Add(kept is null
                ? new MonitorEvent(false, MonitorCodes.NoCheckpoint, $"{_source.Name} has published no checkpoint yet")
                : new MonitorEvent(true, MonitorCodes.Rollback, $"{_source.Name} shows no checkpoint any more; the last one had size {edge.Size}", edge.Size));
            return;
        }

        var head = Checkpoint.Of(note).Head;
        var verdict = _options.Policy.Log.Check(note);
        var failures = verdict.Failures.Where(failure => failure != verdict.QuorumFailure).ToList();
        if (failures.Count > 0)
        {
            events.Add(new MonitorEvent(true, MonitorCodes.BadCheckpoint, string.Join("; ", failures), head.Size));
            return;
        }

        if (verdict.QuorumFailure is { } missing)
        {
            events.Add(new MonitorEvent(true, MonitorCodes.QuorumMissing, $"size {head.Size}: {missing}", head.Size));
        }

        if (head.Size < edge.Size)
        {
            await ForkedAsync(note, kept!, MonitorCodes.Rollback, $"the ledger shows a checkpoint of size {head.Size} after one of {edge.Size}", events, cancellationToken);
        }
        else if (head.Size == edge.Size && (kept is not null || head.Size > 0))
        {
            if (edge.Root() != head.Root)
            {
                await ForkedAsync(kept!, note, MonitorCodes.SplitView, $"two trees of size {head.Size}: root {edge.Root()} and now {head.Root}", events, cancellationToken);
            }
            else
            {
                events.Add(new MonitorEvent(false, MonitorCodes.Unchanged, $"size {head.Size}, nothing new", head.Size));
            }
        }
        else
        {
            await ExtendAsync(kept, edge, note, head, events, cancellationToken);
        }
    }

    /// <summary>Reads what is new, and keeps all of it or nothing: the root decides.</summary>
    private async Task ExtendAsync(SignedNote? kept, CompactRange edge, SignedNote note, TreeHead head, List<MonitorEvent> events, CancellationToken cancellationToken)
    {
        var from = edge.Size;
        using var transaction = _store.Begin();
        var found = new List<MonitorEvent>();
        using var follower = new StatementFollower(_options.Policy, _store, found.Add);
        for (var bundle = from / TileCoordinate.FullWidth; bundle * TileCoordinate.FullWidth < head.Size; bundle++)
        {
            var start = bundle * TileCoordinate.FullWidth;
            var entries = await _source.EntriesAsync(new EntryBundleCoordinate(bundle, (int)Math.Min(TileCoordinate.FullWidth, head.Size - start)), cancellationToken);
            for (var index = Math.Max(from, start); index < start + entries.Count; index++)
            {
                var entry = entries[(int)(index - start)];
                edge.Append(MerkleHash.Leaf(entry.Span));
                follower.Take(index, entry);
            }
        }

        if (edge.Root() != head.Root)
        {
            // What these entries say of streams and issuers is said of no tree that was signed.
            transaction.Rollback();
            var text = $"the entries lead the tree of size {head.Size} to the root {edge.Root()}, signed is {head.Root}";
            await ForkedAsync(kept, note, kept is null ? MonitorCodes.Inconsistent : MonitorCodes.SplitView, text, events, cancellationToken);
            return;
        }

        _store.SetHead(note, edge);
        transaction.Commit();
        events.AddRange(found);
        events.Add(new MonitorEvent(false, MonitorCodes.Advanced, $"size {from} to {head.Size}: {head.Size - from} statements hold and lead to the signed root", head.Size));
    }

    /// <summary>An alarm about two heads, with the proof where the ledger's own tiles give one.</summary>
    private async Task ForkedAsync(SignedNote? older, SignedNote newer, string code, string text, List<MonitorEvent> events, CancellationToken cancellationToken)
    {
        var size = Checkpoint.Of(newer).Size;
        ForkProof? proof = null;
        try
        {
            proof = older is null ? null : await ForkProof.FindAsync(older, newer, _tree, cancellationToken);
        }
        catch (Exception problem) when (problem is EvidenceFormatException or LogUnavailableException)
        {
            text += $" (no transferable proof: {problem.Message})";
        }

        if (proof is null)
        {
            events.Add(new MonitorEvent(true, code, text, size));
            return;
        }

        var folder = Path.Combine(_options.StatePath, "forks");
        DurableFile.CreateDirectory(folder);
        var path = Path.Combine(folder, $"{size}-{Checkpoint.Of(newer).Root.ToString()[..16]}-{Checkpoint.Of(older!).Size}.json");
        DurableFile.Write(path, proof.Encode());
        events.Add(new MonitorEvent(true, MonitorCodes.SplitView, $"{text}; the ledger signed both, and neither extends the other", size, path));
    }

    /// <summary>Whether what a witness cosigned is of the tree that was followed here.</summary>
    private async Task CompareAsync(WitnessView view, List<MonitorEvent> events, CancellationToken cancellationToken)
    {
        var (kept, edge) = _store.Head();
        var theirs = Checkpoint.Of(view.Note).Head;
        var waiting = $"witness {view.Name}";
        if (kept is null || theirs.Size == 0)
        {
            return;
        }

        if (theirs.Size <= edge.Size)
        {
            _store.Arrived(waiting);
            if (theirs.Size == edge.Size ? theirs.Root != edge.Root() : await _tree.PrefixRootAsync(theirs.Size, edge.Size, cancellationToken) != theirs.Root)
            {
                await ForkedAsync(view.Note, kept, MonitorCodes.SplitView, $"the witness {view.Name} cosigned a tree of size {theirs.Size} with root {theirs.Root}, which is not the one shown here", events, cancellationToken);
            }

            return;
        }

        var extends = false;
        try
        {
            var path = await _tree.ConsistencyPathAsync(edge.Size, theirs.Size, cancellationToken);
            extends = ConsistencyProof.Verify(new TreeHead(edge.Size, edge.Root()), theirs, path);
        }
        catch (Exception problem) when (problem is LogUnavailableException or EvidenceFormatException)
        {
            // The ledger does not show that much of itself: counted as not shown.
        }

        if (extends)
        {
            _store.Arrived(waiting);
        }
        else if (_options.Time.GetUtcNow() - _store.WaitingSince(waiting, _options.Time.GetUtcNow()) is var waited && waited >= _options.Grace)
        {
            await ForkedAsync(
                kept, view.Note, MonitorCodes.Withheld,
                $"the witness {view.Name} cosigned a tree of size {theirs.Size}; what is shown here does not lead there, for {waited.TotalSeconds:0} s now: this reader is shown another or an older tree", events, cancellationToken);
        }
        else
        {
            events.Add(new MonitorEvent(false, MonitorCodes.Witness, $"the witness {view.Name} is ahead: it cosigned size {theirs.Size}", theirs.Size));
        }
    }

    private async Task PromisesAsync(List<MonitorEvent> events, CancellationToken cancellationToken)
    {
        var (_, edge) = _store.Head();
        foreach (var promise in _options.Acknowledged)
        {
            var waiting = $"statement {promise.Stream} {promise.Seq} {promise.Index}";
            if (promise.Index >= edge.Size)
            {
                var waited = _options.Time.GetUtcNow() - _store.WaitingSince(waiting, _options.Time.GetUtcNow());
                if (waited >= _options.Grace)
                {
                    events.Add(new MonitorEvent(true, MonitorCodes.StatementMissing, $"statement {promise.Seq} of stream {promise.Stream} was acknowledged at index {promise.Index}; after {waited.TotalSeconds:0} s the ledger shows {edge.Size} statements", edge.Size));
                }

                continue;
            }

            _store.Arrived(waiting);
            if (await StatementAtAsync(promise.Index, edge, cancellationToken) is var found && (found is null || found.Payload.Stream != promise.Stream || found.Payload.Seq != promise.Seq))
            {
                events.Add(new MonitorEvent(
                    true, MonitorCodes.StatementMissing,
                    $"statement {promise.Seq} of stream {promise.Stream} was acknowledged at index {promise.Index}; there stands {(found is null ? "no statement of the signed tree" : $"statement {found.Payload.Seq} of stream {found.Payload.Stream}")}", edge.Size));
            }
        }
    }

    /// <summary>What an emitter's spool let go of is in the ledger.</summary>
    private void Spools(List<MonitorEvent> events)
    {
        foreach (var floor in _options.Spools.SelectMany(SpoolFloor.Read))
        {
            var waiting = $"spool {floor.Stream}";
            var there = _store.Stream(floor.Stream)?.NextSeq ?? 0;
            if (there >= floor.Acknowledged)
            {
                _store.Arrived(waiting);
            }
            else if (_options.Time.GetUtcNow() - _store.WaitingSince(waiting, _options.Time.GetUtcNow()) is var waited && waited >= _options.Grace)
            {
                events.Add(new MonitorEvent(true, MonitorCodes.StatementMissing, $"of stream {floor.Stream} at least {floor.Acknowledged} statements were acknowledged, by what its spool no longer has; after {waited.TotalSeconds:0} s the ledger shows {there}"));
            }
        }
    }

    private void Emitters(List<MonitorEvent> events)
    {
        foreach (var emitter in _options.Emitters)
        {
            var streams = _store.StreamsOf(emitter.ToString());
            events.Add(streams.Count == 0
                ? new MonitorEvent(true, MonitorCodes.StatementMissing, $"the ledger has no statement of {emitter}")
                : new MonitorEvent(false, MonitorCodes.Emitter, $"{emitter}: {streams.Sum(one => one.Statements)} statements in {streams.Count} streams"));
        }
    }

    /// <summary>The statement at an index of the tree that was followed; null when what is served there is not of that tree.</summary>
    private async Task<SignedStatement?> StatementAtAsync(long index, CompactRange edge, CancellationToken cancellationToken)
    {
        var start = index / TileCoordinate.FullWidth * TileCoordinate.FullWidth;
        var entries = await _source.EntriesAsync(new EntryBundleCoordinate(start / TileCoordinate.FullWidth, (int)Math.Min(TileCoordinate.FullWidth, edge.Size - start)), cancellationToken);
        var entry = entries[(int)(index - start)];
        var path = await _tree.InclusionPathAsync(index, edge.Size, cancellationToken);
        return InclusionProof.Verify(MerkleHash.Leaf(entry.Span), index, edge.Size, path, edge.Root()) ? SignedStatement.Decode(entry) : null;
    }
}
