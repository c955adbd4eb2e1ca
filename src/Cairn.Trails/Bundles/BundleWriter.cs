using Cairn.Evidence;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Trust;
using Cairn.Identity.Files;
using Cairn.Ledger;
using Cairn.Ledger.Keys;
using Cairn.Ledger.Timestamps;
using Cairn.Trails.Reports;

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
        var full = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(full)!;
        var temporary = $"{full}.{Guid.NewGuid():N}.tmp";
        try
        {
            using var assembler = new BundleAssembler(name => OpenPart(folder, name));
            var (export, note, policy) = await FillAsync(assembler, ledger, directory, trace, options, cancellationToken);
            var created = options.Time.GetUtcNow();
            if (options.Pages)
            {
                // The report is made of what a stranger will find: the bundle itself, verified, before its pages come in.
                await using var evidence = OpenPart(folder, "evidence");
                assembler.Finish(evidence, trace, note, policy, created);
                assembler.AddReport(TrailReport.Render(ReportEvidence.Read(evidence, policy, ReportTrust.Exporter, cancellationToken, options.Decisions?.Recompute)));
                assembler.AddVerifier(VerifierPage.Bytes.Span);
            }

            long bytes;
            await using (var file = new FileStream(temporary, Private(FileMode.CreateNew)))
            {
                assembler.Finish(file, trace, note, policy, created);
                file.Flush(flushToDisk: true);
                bytes = file.Length;
            }

            File.Move(temporary, full, overwrite: true);
            DurableFile.SyncDirectory(folder);
            return new BundleSummary(trace, full, bytes, export.Statements, export.Records, export.Contents, export.Checkpoint.Size) { Checkpoint = note };
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

    /// <summary>
    /// The evidence of a trail, by way of a bundle that nobody keeps: verified as a stranger would, under the ledger's own policy. A
    /// report of it and the one in a bundle under the same checkpoint have the same bytes.
    /// </summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="directory">Its data directory: for the trust policy.</param>
    /// <param name="trace">The trail.</param>
    /// <param name="cancellationToken">Ends the reading; nothing is left behind.</param>
    /// <exception cref="BundleExportException">The ledger has no such trail, or lacks evidence that it should have.</exception>
    public static async Task<ReportEvidence> ReadAsync(EmbeddedLedger ledger, LedgerDirectory directory, TraceId trace, CancellationToken cancellationToken)
    {
        var options = new BundleOptions { Pages = false };
        var folder = Directory.CreateTempSubdirectory("cairn-evidence-").FullName;
        try
        {
            using var assembler = new BundleAssembler(name => OpenPart(folder, name));
            var (_, note, policy) = await FillAsync(assembler, ledger, directory, trace, options, cancellationToken);
            await using var evidence = OpenPart(folder, "evidence");
            assembler.Finish(evidence, trace, note, policy, options.Time.GetUtcNow());
            return ReportEvidence.Read(evidence, policy, ReportTrust.Exporter, cancellationToken);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(TrailExport Export, SignedNote Note, TrustPolicy Policy)> FillAsync(
        BundleAssembler assembler, EmbeddedLedger ledger, LedgerDirectory directory, TraceId trace, BundleOptions options, CancellationToken cancellationToken)
    {
        var indices = ledger.StatementsOf(trace);
        if (indices.Count == 0)
        {
            throw new BundleExportException($"the ledger {directory.Origin} has no record of trail {trace}; `cairn trails` lists what it has");
        }

        var policy = directory.TrustPolicy();
        var last = Math.Max(indices[^1], await TrailExport.LastTombstoneAsync(ledger, policy, trace, cancellationToken));
        var note = await ledger.WaitForCheckpointAsync(last, options.CheckpointTimeout, cancellationToken);
        using var vault = options.Content || options.Decisions is not null ? TrailVault.Open(directory.VaultPath) : null;
        var export = new TrailExport(ledger, assembler, trace, Checkpoint.Of(note), vault, options, new AnchorStore(directory));
        await export.AddTrustAsync(policy, cancellationToken);
        await export.AddSuccessionsAsync(new LogKeyFiles(directory), cancellationToken);
        await export.RunAsync(indices, cancellationToken);
        return (export, note, policy);
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
