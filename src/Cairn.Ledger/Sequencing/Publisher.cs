using Cairn.Evidence.Tiles;
using Cairn.Identity.Files;

namespace Cairn.Ledger.Sequencing;

/// <summary>Puts files into the published log so that readers see each whole or not at all, and that none ever changes.</summary>
internal static class Publisher
{
    /// <summary>Publishes staged files; durable when it returns. What is there already must be the same, byte for byte.</summary>
    /// <exception cref="LedgerInconsistentException">A file is there with other bytes.</exception>
    public static void Publish(StagedFiles staged, string root)
    {
        foreach (var (name, bytes) in staged.Files)
        {
            var path = Path.Combine(root, name);
            if (!File.Exists(path))
            {
                EnsureFolder(Path.GetDirectoryName(path)!);
                DurableFile.Write(path, bytes);
            }
            else if (!File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes))
            {
                throw new LedgerInconsistentException($"{path} is published with other bytes than those staged for it");
            }
            else
            {
                // Its bytes were durable before it got this name; the name may be from a run that ended before it was.
                DurableFile.SyncDirectory(Path.GetDirectoryName(path)!);
            }
        }
    }

    /// <summary>Removes what a publication of these files, or of the checkpoint after them, left half written when its process was killed.</summary>
    public static void RemoveLeftovers(StagedFiles staged, TileFolder tiles)
    {
        foreach (var name in staged.Files.Keys)
        {
            DurableFile.RemoveLeftovers(Path.Combine(tiles.Root, name));
        }

        DurableFile.RemoveLeftovers(tiles.CheckpointPath);
    }

    /// <summary>Publishes a checkpoint; durable when it returns.</summary>
    public static void PublishCheckpoint(byte[] note, string path) => DurableFile.Write(path, note);

    /// <summary>Removes partial tiles and bundles whose full form is published (C2SP tlog-tiles allows it from then on).</summary>
    public static void RemovePartials(StagedFiles staged, string root)
    {
        foreach (var name in staged.Files.Keys)
        {
            var partials = Path.Combine(root, name + ".p");
            if (!name.Contains(".p/", StringComparison.Ordinal) && Directory.Exists(partials))
            {
                Directory.Delete(partials, recursive: true);
            }
        }
    }

    private static void EnsureFolder(string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        EnsureFolder(Path.GetDirectoryName(folder)!);
        DurableFile.CreateDirectory(folder);
    }
}
