using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Tiles;
using Cairn.Ledger.Checking;
using Cairn.Ledger.Ingest;
using Cairn.Ledger.Journal;
using Cairn.Ledger.Sequencing;
using Cairn.Ledger.Witnessing;
using Microsoft.Data.Sqlite;

namespace Cairn.Ledger;

/// <summary>
/// The full check: recomputes every leaf, tile and root from the published entry bundles, and holds the journal, its
/// records and signatures against them. Reads only; may run while emitters write, since it checks up to the checkpoint
/// that it finds at its start. Memory does not grow with the ledger, save for one entry a stream.
/// </summary>
public static class Fsck
{
    /// <summary>Checks a data directory.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="progress">Called with the number of statements checked so far.</param>
    /// <param name="cancellationToken">Stops the check.</param>
    /// <exception cref="LedgerDirectoryException">The journal can't be opened at all.</exception>
    public static async Task<FsckReport> RunAsync(LedgerDirectory directory, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        var findings = new Findings();
        using var journal = Journal.Journal.Open(directory.JournalPath, directory.Origin);
        try
        {
            // The order matters while others write: the published checkpoint never runs ahead of the journal's head.
            var published = Published(directory, findings);
            var head = journal.Head();
            CompareHeads(published, head, findings);
            var size = published?.Size ?? 0;
            using var keys = new IssuerKeys(directory.TrustPolicy(), thumbprint => journal.Run("SELECT chain FROM certificate WHERE x5t = $x5t", ("$x5t", thumbprint.ToArray())) as byte[]);
            var root = Entries(directory, journal, keys, size, findings, progress, cancellationToken);
            if (published is { } signed)
            {
                findings.Same("root-mismatch", $"checkpoint of size {signed.Size}", signed.Root, root);
                await FinalAsync(directory, signed.Size, findings, cancellationToken);
            }

            await SuccessionFilesCheck.RunAsync(directory, journal, size, findings, cancellationToken);
            Strays(directory, Math.Max(size, head.Head.Size), findings);
            return findings.Report(size, journal.Count() - size);
        }
        catch (SqliteException problem)
        {
            findings.Add("journal-unreadable", directory.JournalPath, "a database that SQLite can read", problem.Message);
            return findings.Report(0, 0);
        }
    }

    /// <summary>The newest signed head that has a place: where witnesses are asked, it may be ahead of what readers take.</summary>
    private static TreeHead? Published(LedgerDirectory directory, Findings findings)
    {
        var heads = new SignedHeads(directory, WitnessPolicy.Read(directory));
        try
        {
            if (heads.Newest() is not { } newest)
            {
                return null;
            }

            Signatures(directory, newest, findings);
            if (heads.Published() is { } published && published.Body != newest.Body)
            {
                Signatures(directory, published, findings);
            }

            if (heads.Standing(newest) is { IsMet: false } standing)
            {
                findings.Notes.Add($"the checkpoint of size {standing.Size}: {standing}");
            }

            return Checkpoint.Of(newest).Head;
        }
        catch (EvidenceFormatException problem)
        {
            findings.Add("checkpoint-format", "checkpoint", "a signed checkpoint", problem.Message);
            return null;
        }
    }

    /// <summary>A checkpoint that readers take while newer ones wait for witnesses is of the same tree.</summary>
    private static async Task FinalAsync(LedgerDirectory directory, long newest, Findings findings, CancellationToken cancellationToken)
    {
        var tiles = new TileFolder(directory.TilesPath);
        if (File.Exists(tiles.CheckpointPath) && Checkpoint.Of(SignedNote.Parse(File.ReadAllBytes(tiles.CheckpointPath))).Head is var final && final.Size < newest)
        {
            findings.Same("root-mismatch", $"checkpoint of size {final.Size}", final.Root, await new TileTree(tiles).RootAsync(final.Size, cancellationToken));
        }
    }

    private static void Signatures(LedgerDirectory directory, SignedNote note, Findings findings)
    {
        var verdict = directory.TrustPolicy().Log.Check(note);
        foreach (var failure in verdict.Failures.Where(failure => failure != verdict.QuorumFailure))
        {
            findings.Add("checkpoint-signature", "checkpoint", "signatures by the ledger's keys", failure);
        }
    }

    private static void CompareHeads(TreeHead? published, JournalHead head, Findings findings)
    {
        if (published is { } signed && signed.Size > head.Head.Size)
        {
            findings.Add("journal-behind", "journal head", $"at least the published size {signed.Size}", $"{head.Head.Size}");
        }
        else if (published is { } same && same.Size == head.Head.Size)
        {
            findings.Same("head-mismatch", $"journal head of size {same.Size}", same.Root, head.Head.Root);
        }
        else if (head.Note is not null)
        {
            findings.Notes.Add($"the journal's signed head of size {head.Head.Size} is not published yet (published: {published?.Size ?? 0}); the next process that writes publishes it");
        }
    }

    /// <summary>Reads bundles and journal rows side by side; returns the root over the entries of the published bundles.</summary>
    private static Digest Entries(
        LedgerDirectory directory, Journal.Journal journal, IssuerKeys keys, long size, Findings findings, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var tiles = new TileCheck(directory.TilesPath, findings);
        var check = new JournalCheck(keys, findings);
        var range = new CompactRange();
        var folder = new TileFolder(directory.TilesPath);
        var end = Math.Max(size, journal.Count());
        for (var from = 0L; from < end; from += TileCoordinate.FullWidth)
        {
            cancellationToken.ThrowIfCancellationRequested();

            // Rows by their index, not by their order: a row that is gone must not shift all that follow.
            var rows = journal.Read(from, TileCoordinate.FullWidth, long.MaxValue, records: true)
                .Where(row => row.Index < from + TileCoordinate.FullWidth)
                .ToDictionary(row => row.Index);
            if (from < size)
            {
                Bundle(folder, from, (int)Math.Min(TileCoordinate.FullWidth, size - from), rows, tiles, range, findings);
            }

            foreach (var row in rows.Values.OrderBy(row => row.Index))
            {
                Counts(journal, row.Index, check.Take(row), findings);
            }

            progress?.Report(findings.Statements);
        }

        tiles.End();
        return range.Root();
    }

    private static void Bundle(TileFolder folder, long from, int width, Dictionary<long, JournalRow> rows, TileCheck tiles, CompactRange range, Findings findings)
    {
        var bundle = new EntryBundleCoordinate(from / TileCoordinate.FullWidth, width);
        List<ReadOnlyMemory<byte>> entries;
        try
        {
            entries = EntryBundle.Parse(folder.ReadBundle(bundle));
        }
        catch (Exception problem) when (problem is LedgerInconsistentException or EvidenceFormatException)
        {
            findings.Add("bundle-unreadable", bundle.Path, $"{width} entries", problem.Message);
            return;
        }

        findings.Tiles++;
        if (entries.Count < width)
        {
            findings.Add("bundle-short", bundle.Path, $"{width} entries", $"{entries.Count}");
        }

        for (var i = 0; i < Math.Min(width, entries.Count); i++)
        {
            var leaf = MerkleHash.Leaf(entries[i].Span);
            tiles.Take(leaf);
            range.Append(leaf);
            if (!rows.TryGetValue(from + i, out var row))
            {
                findings.Add("journal-short", $"entry {from + i}", "a journal row", "none");
            }
            else if (!row.Entry.AsSpan().SequenceEqual(entries[i].Span))
            {
                findings.Add("entry-mismatch", $"entry {from + i} in {bundle.Path}", $"the journal's statement {Digest.Sha256(row.Entry)}", $"{Digest.Sha256(entries[i].Span)}");
            }
        }
    }

    private static void Counts(Journal.Journal journal, long index, IReadOnlyDictionary<TraceId, int>? trails, Findings findings)
    {
        if (trails is null)
        {
            return;
        }

        var stored = new Dictionary<TraceId, int>();
        using (var reader = journal.Query("SELECT trace, records FROM trail WHERE idx = $idx", ("$idx", index)))
        {
            while (reader.Read())
            {
                stored[TraceId.Parse(Convert.ToHexStringLower((byte[])reader[0]))] = reader.GetInt32(1);
            }
        }

        foreach (var trace in trails.Keys.Union(stored.Keys))
        {
            findings.Same("trail-count", $"journal row {index}, trail {trace}", trails.GetValueOrDefault(trace), stored.GetValueOrDefault(trace));
        }
    }

    /// <summary>Files that the log of this size does not have: they would be taken for evidence by a careless reader.</summary>
    private static void Strays(LedgerDirectory directory, long size, Findings findings)
    {
        foreach (var path in Directory.Exists(directory.TilesPath) ? Directory.EnumerateFiles(directory.TilesPath, "*", SearchOption.AllDirectories) : [])
        {
            var name = Path.GetRelativePath(directory.TilesPath, path).Replace('\\', '/');
            var known = name == "checkpoint"
                || (TileCoordinate.TryParse(name, out var tile) && ((tile.Index * TileCoordinate.FullWidth) + tile.Width) <= size >> (8 * tile.Level))
                || (EntryBundleCoordinate.TryParse(name, out var bundle) && (bundle.Index * TileCoordinate.FullWidth) + bundle.Width <= size);
            if (!known)
            {
                findings.Add("stray-file", name, $"only files of a log of size {size}", "this file");
            }
        }

        foreach (var (staged, _) in StagedFiles.Existing(directory.StagingPath))
        {
            findings.Notes.Add($"a staging file for size {staged} is there: a step is under way, or was cut short; the next process that writes settles it");
        }
    }
}
