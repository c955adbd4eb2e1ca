using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Tiles;
using Cairn.Identity.Files;
using Cairn.Ledger.Journal;
using Cairn.Ledger.Witnessing;

namespace Cairn.Ledger.Sequencing;

/// <summary>
/// Turns acknowledged statements into published checkpoints. At any time at most one process does it (the holder of
/// sequencer.lock), and even two at once could not fork the log: the head is compared and swapped in the journal.
/// </summary>
internal sealed class Sequencer : IDisposable
{
    // One step holds its entries and tiles in memory twice: as built and as read back.
    private const long MostEntries = 16_384;
    private const long MostBytes = 32 * 1024 * 1024;

    private readonly Journal.Journal _journal;
    private readonly TileFolder _tiles;
    private readonly string _staging;
    private readonly string _origin;
    private readonly SigningKeys _keys;
    private readonly TimeProvider _time;
    private readonly Action<string> _step;
    private readonly JournalGate _gate;
    private readonly SignedHeads _heads;
    private CompactRange _edge = new();

    public Sequencer(LedgerDirectory directory, Journal.Journal journal, SignedHeads heads, TimeProvider time, Action<string> step, Action<string> log)
    {
        _heads = heads;
        (_journal, _time, _step, _origin) = (journal, time, step, directory.Origin);
        (_tiles, _staging) = (new TileFolder(directory.TilesPath), directory.StagingPath);
        _gate = new JournalGate(directory.JournalLockPath);
        _keys = new SigningKeys(directory, log, step);
    }

    /// <summary>
    /// Makes what a crash may have left consistent, or refuses: the journal's signed head decides. Call once, under the
    /// lock, before <see cref="IntegrateAsync"/>.
    /// </summary>
    /// <exception cref="LedgerInconsistentException">The published log is ahead of the journal, or tiles do not lead to the signed root.</exception>
    public async Task RecoverAsync(CancellationToken cancellationToken)
    {
        var head = _journal.Head();
        var published = HeadOf(_heads.Newest());
        if (published is { } seen && seen.Size > head.Head.Size)
        {
            throw new LedgerInconsistentException(
                $"the published checkpoint has size {seen.Size}, the journal's signed head {head.Head.Size}: the journal is older than what was published (restored from a backup?). Nothing is signed; run `cairn fsck`");
        }

        if (_journal.Count() < head.Head.Size)
        {
            throw new LedgerInconsistentException($"the journal holds {_journal.Count()} statements, fewer than its signed head of size {head.Head.Size}; run `cairn fsck`");
        }

        // Copies by tools that know files only (a repository, an object store) lack the folders that were empty; what should be in
        // them is missed below.
        DurableFile.CreateDirectory(_staging);
        DurableFile.CreateDirectory(_tiles.Root);
        var staged = StagedFiles.PathFor(_staging, head.Head.Size);
        if (File.Exists(staged) && head.Note is not null)
        {
            // Its file is there, so the last process ended between the swap and the end of the publication.
            var files = StagedFiles.Read(staged);
            Publisher.RemoveLeftovers(files, _tiles);
            Publisher.Publish(files, _tiles.Root);
        }

        var tree = new TileTree(_tiles);
        _edge = await tree.CompactRangeAsync(head.Head.Size, cancellationToken);
        if (_edge.Root() != head.Head.Root)
        {
            throw new LedgerInconsistentException($"the published tiles give the tree of {head.Head.Size} entries the root {_edge.Root()}, but its signed root is {head.Head.Root}; run `cairn fsck`");
        }

        if (published is { } older && older.Size == head.Head.Size && older.Root != head.Head.Root)
        {
            throw new LedgerInconsistentException($"the published checkpoint of size {older.Size} has root {older.Root}, the journal's signed head {head.Head.Root}; run `cairn fsck`");
        }

        if (HeadOf(_heads.Published()) is { } final && final.Size < head.Head.Size && await tree.RootAsync(final.Size, cancellationToken) is var before && before != final.Root)
        {
            throw new LedgerInconsistentException($"the published checkpoint of size {final.Size} has root {final.Root}, but the tiles give that tree the root {before}; run `cairn fsck`");
        }

        if (head.Note is { } note && (published?.Size != head.Head.Size || _heads.AsksWitnesses))
        {
            // The policy may be another one than when it was signed: who waits for which quorum is settled anew.
            _heads.Publish(note);
        }

        _keys.Settle(head);

        // Nobody else writes here: what a killed process began to stage goes too.
        foreach (var path in StagedFiles.Existing(_staging).Select(staging => staging.Path).Concat(Directory.EnumerateFiles(_staging, "*.tmp")).ToList())
        {
            File.Delete(path);
        }
    }

    /// <summary>Whether more waits than one checkpoint takes in.</summary>
    public bool IsFarBehind => _journal.Count() - _edge.Size >= MostEntries;

    /// <summary>
    /// Integrates what waits in the journal; false when nothing did. The order of effects, each durable before the next:
    /// <list type="number">
    /// <item>stage: all new entry bundles and tiles in one file;</item>
    /// <item>check: the root from the staged bytes as read back, against the root of the journal's leaf hashes;</item>
    /// <item>compare and swap: the signed head in the journal, only if it is still the old one;</item>
    /// <item>publish tiles and bundles;</item>
    /// <item>publish the checkpoint; where witnesses are asked, as the newest that they have not cosigned yet;</item>
    /// <item>drop the staging file;</item>
    /// <item>where keys are retired and this head is their last, keep it as the succession and let the old keys go
    /// (<see cref="SigningKeys"/>): before anything more is signed, here or in the next process.</item>
    /// </list>
    /// A crash before 3 leaves a staging file that is not looked at; a crash after it is made good by <see cref="RecoverAsync"/>.
    /// </summary>
    /// <exception cref="LedgerInconsistentException">The check failed, or another sequencer moved the head.</exception>
    public async Task<bool> IntegrateAsync(CancellationToken cancellationToken)
    {
        var head = _journal.Head();
        var old = head.Head;
        if (old.Size != _edge.Size)
        {
            throw new LedgerInconsistentException($"the journal's signed head has size {old.Size}, this sequencer is at {_edge.Size}: another one is at work in spite of the lock");
        }

        _keys.Settle(head);
        var rows = _journal.Read(old.Size, MostEntries, MostBytes, records: false);
        if (rows.Count == 0)
        {
            return false;
        }

        var staged = await TileBuilder.BuildAsync(_tiles, old.Size, rows, cancellationToken);
        var (newSize, edge) = (old.Size + rows.Count, new CompactRange(_edge.Size, _edge.Peaks));
        rows.ForEach(row => edge.Append(row.Leaf));
        var stagingFile = StagedFiles.PathFor(_staging, newSize);
        staged.Write(stagingFile);
        _step("staged");

        var readBack = StagedFiles.Read(stagingFile);
        var next = new TreeHead(newSize, edge.Root());
        if (await StagedCheck.RecomputeAsync(readBack, _tiles, old, newSize, cancellationToken) is var root && root != next.Root)
        {
            throw new LedgerInconsistentException($"the staged entries of the tree of {newSize} lead to the root {root}, the journal's leaf hashes to {next.Root}: nothing is signed");
        }

        // A clock that went back must not make a newer head look older.
        var time = _time.GetUtcNow() is var now && now > head.Time ? now : head.Time;
        var note = Sign(next, time);
        if (!TrySetHead(old, new JournalHead(next, time, note)))
        {
            throw new LedgerInconsistentException($"the journal's signed head is no longer at size {old.Size}: another sequencer is at work in spite of the lock");
        }

        _step("swapped");
        Publisher.Publish(readBack, _tiles.Root);
        _step("tiles");
        _heads.Publish(note);
        _step("checkpoint");
        File.Delete(stagingFile);
        Publisher.RemovePartials(readBack, _tiles.Root);
        _edge = edge;
        _keys.Settle(_journal.Head());
        return true;
    }

    public void Dispose()
    {
        _gate.Dispose();
        _keys.Dispose();
    }

    /// <summary>Waits for its turn like every writer: SQLite's own waiting would starve it while statements come without a break.</summary>
    private bool TrySetHead(TreeHead old, JournalHead next)
    {
        _gate.Enter();
        try
        {
            return _journal.TrySetHead(old, next);
        }
        finally
        {
            _gate.Leave();
        }
    }

    private byte[] Sign(TreeHead head, DateTimeOffset time) => _keys.Sign(new Checkpoint(_origin, head.Size, head.Root), time).Encode();

    private static TreeHead? HeadOf(SignedNote? note) => note is null ? null : Checkpoint.Of(note).Head;
}
