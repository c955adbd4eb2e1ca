using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Records;
using Cairn.Evidence.Tiles;
using Cairn.Evidence.Trust;
using Cairn.Ledger.Journal;
using Cairn.Ledger.Keys;
using Cairn.Ledger.Sequencing;

namespace Cairn.Ledger.Checking;

/// <summary>The kept successions of the log's keys: signed by old and new, of this tree, and told by a record of the ledger.</summary>
internal static class SuccessionFilesCheck
{
    public static async Task RunAsync(LedgerDirectory directory, Journal.Journal journal, long published, Findings findings, CancellationToken cancellationToken)
    {
        var files = new LogKeyFiles(directory);
        var tree = new TileTree(new TileFolder(directory.TilesPath));
        foreach (var (index, note, succession) in files.Successions())
        {
            var subject = $"succession {index}";
            foreach (var key in succession.Old.Concat(succession.New).Where(key => key.Verify(note).Result != NoteCheckResult.Good))
            {
                findings.Add("succession-signature", subject, $"a good signature by {key.Name}+{key.KeyId:x8}", "none");
            }

            if (succession.Size <= index)
            {
                findings.Add("succession-record", subject, $"a checkpoint of more than {index} statements", $"{succession.Size}");
            }

            if (succession.Size <= published)
            {
                findings.Same("root-mismatch", $"succession checkpoint of size {succession.Size}", Checkpoint.Of(note).Root, await tree.RootAsync(succession.Size, cancellationToken));
            }

            if (!IsTold(journal, index, succession))
            {
                findings.Add("succession-record", subject, $"a record of statement {index} that retires these keys", "none");
            }
        }

        if (files.Retirement() is { } retirement)
        {
            findings.Notes.Add($"keys are being retired by statement {retirement.Index}; the next process that makes a checkpoint ends it");
        }
    }

    private static bool IsTold(Journal.Journal journal, long index, KeySuccession succession)
    {
        try
        {
            return journal.Read(index, 1, long.MaxValue, records: true) is [var row] && row.Index == index
                && RecordPack.Unpack(row.Records).Where(record => LogKeyChange.IsRetirement(record)).Select(record => KeyRotation.Parse(Record.Parse(record).Body)).OfType<KeyRotation>()
                    .Any(told => told.Old.SequenceEqual(succession.Old) && told.New.SequenceEqual(succession.New));
        }
        catch (EvidenceFormatException)
        {
            return false; // what is wrong with the row, the journal's own check says
        }
    }
}
