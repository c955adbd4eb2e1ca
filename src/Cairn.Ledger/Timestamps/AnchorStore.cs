using System.Globalization;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Timestamps;
using Cairn.Evidence.Trust;
using Cairn.Identity.Files;

namespace Cairn.Ledger.Timestamps;

/// <summary>A checkpoint with independent times, as the data directory keeps it.</summary>
/// <param name="Size">Statements in the tree.</param>
/// <param name="Note">The signed note.</param>
/// <param name="Tokens">Time stamp tokens over its text, with the names of their authorities.</param>
public sealed record KeptAnchor(long Size, byte[] Note, IReadOnlyList<(string Timestamper, byte[] Token)> Tokens)
{
    /// <summary>What it claims under a policy; null where it does not hold.</summary>
    public TimeAnchor? Claims(TrustPolicy policy) => TimeAnchor.Of(SignedNote.Parse(Note), Tokens.Select(token => (ReadOnlyMemory<byte>)token.Token), policy);
}

/// <summary>
/// The anchors of a data directory: a folder for each size below <c>anchors/</c>, with <c>checkpoint</c> and a file
/// <c>NAME.tst</c> for each token. Files appear whole and are never changed. An anchor without a token is kept for the times in its signatures.
/// </summary>
public sealed class AnchorStore(LedgerDirectory directory)
{
    private const string CheckpointName = "checkpoint";
    private const string TokenEnding = ".tst";

    private string Root => Path.Combine(directory.Root, "anchors");

    /// <summary>Sizes of the anchors, ascending.</summary>
    public IReadOnlyList<long> Sizes() => !Directory.Exists(Root) ? [] : [.. Directory.EnumerateDirectories(Root)
        .Select(folder => long.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var size) && File.Exists(Path.Combine(folder, CheckpointName)) ? size : -1)
        .Where(size => size >= 0).Order()];

    /// <summary>The anchor of a size; null when there is none.</summary>
    public KeptAnchor? Find(long size)
    {
        var folder = FolderOf(size);
        var note = Path.Combine(folder, CheckpointName);
        return File.Exists(note)
            ? new KeptAnchor(size, File.ReadAllBytes(note), [.. Directory.EnumerateFiles(folder, $"*{TokenEnding}").Order(StringComparer.Ordinal).Select(file => (Path.GetFileNameWithoutExtension(file), File.ReadAllBytes(file)))])
            : null;
    }

    /// <summary>What the anchors claim under a policy; those that do not hold claim nothing.</summary>
    public IReadOnlyList<TimeAnchor> Claims(TrustPolicy policy) => [.. Sizes().Select(Find).OfType<KeptAnchor>().Select(kept => kept.Claims(policy)).OfType<TimeAnchor>()];

    /// <summary>Keeps a checkpoint for the times in its signatures; durable when it returns. One of that size that is kept already stays.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Add(SignedNote checkpoint)
    {
        var folder = FolderOf(Checkpoint.Of(checkpoint).Size);
        DurableFile.CreateDirectory(folder);
        AddCheckpoint(folder, checkpoint);
    }

    /// <summary>Keeps a token over a checkpoint; durable when it returns.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Add(SignedNote checkpoint, string timestamper, ReadOnlySpan<byte> token)
    {
        var folder = FolderOf(Checkpoint.Of(checkpoint).Size);
        DurableFile.CreateDirectory(folder);
        DurableFile.Write(Path.Combine(folder, timestamper + TokenEnding), token);

        // The checkpoint last: an anchor is one when its checkpoint is there.
        AddCheckpoint(folder, checkpoint);
    }

    private static void AddCheckpoint(string folder, SignedNote checkpoint)
    {
        var path = Path.Combine(folder, CheckpointName);
        if (!File.Exists(path))
        {
            DurableFile.Write(path, checkpoint.Encode());
        }
    }

    private string FolderOf(long size) => Path.Combine(Root, size.ToString(CultureInfo.InvariantCulture));
}
