using Cairn.Evidence;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Checkpoints;
using Cairn.Identity.Files;
using Cairn.Ledger;

namespace Cairn.Trails.Bundles;

/// <summary>Exports a trail from an embedded ledger as an evidence bundle (docs/spec/bundle.md).</summary>
public static class BundleWriter
{
    /// <summary>
    /// Waits for a checkpoint that covers the trail, then writes the bundle in one pass over the trail's statements. The
    /// file appears whole, fsynced, or not at all; an existing one is replaced.
    /// </summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="directory">Its data directory: for the trust policy, and the vault when contents are disclosed.</param>
    /// <param name="trace">The trail.</param>
    /// <param name="path">The bundle's file.</param>
    /// <param name="options">What goes in.</param>
    /// <param name="cancellationToken">Ends the export; nothing is left behind.</param>
    /// <exception cref="BundleExportException">The ledger has no such trail, or lacks evidence that it should have.</exception>
    /// <exception cref="IOException">The file can't be written.</exception>
    public static async Task<BundleSummary> WriteAsync(
        EmbeddedLedger ledger, LedgerDirectory directory, TraceId trace, string path, BundleOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new BundleOptions();
        var indices = ledger.StatementsOf(trace);
        if (indices.Count == 0)
        {
            throw new BundleExportException($"the ledger {directory.Origin} has no record of trail {trace}; `cairn trails` lists what it has");
        }

        var note = await ledger.WaitForCheckpointAsync(indices[^1], options.CheckpointTimeout, cancellationToken);
        var full = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(full)!;
        var temporary = $"{full}.{Guid.NewGuid():N}.tmp";
        try
        {
            using var assembler = new BundleAssembler(name => OpenPart(folder, name));
            using var vault = options.Content ? TrailVault.Open(directory.VaultPath) : null;
            var export = new TrailExport(ledger, assembler, trace, Checkpoint.Of(note), vault);
            var policy = directory.TrustPolicy();
            await export.AddTrustAsync(policy, cancellationToken);
            await export.RunAsync(indices, cancellationToken);
            long bytes;
            await using (var file = new FileStream(temporary, Private(FileMode.CreateNew)))
            {
                assembler.Finish(file, trace, note, policy, options.Time.GetUtcNow());
                file.Flush(flushToDisk: true);
                bytes = file.Length;
            }

            File.Move(temporary, full, overwrite: true);
            DurableFile.SyncDirectory(folder);
            return new BundleSummary(trace, full, bytes, export.Statements, export.Records, export.Contents, export.Checkpoint.Size);
        }
        catch (EvidenceFormatException error)
        {
            throw new BundleExportException($"trail {trace} can't be exported: {error.Message}", error);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    // Parts are beside the bundle, where there is room for it; they may hold disclosed content, so they are private.
    private static FileStream OpenPart(string folder, string name)
    {
        var options = Private(FileMode.CreateNew);
        options.Options = FileOptions.DeleteOnClose;
        options.BufferSize = 128 * 1024;
        return new FileStream(Path.Combine(folder, $".{name}.{Guid.NewGuid():N}.part"), options);
    }

    private static FileStreamOptions Private(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = DurableFile.OwnerOnly;
        }

        return options;
    }
}
