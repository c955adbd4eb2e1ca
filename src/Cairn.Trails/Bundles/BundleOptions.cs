using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;

namespace Cairn.Trails.Bundles;

/// <summary>How a bundle is exported.</summary>
public sealed record BundleOptions
{
    /// <summary>Whether contents that were kept are disclosed, each with the key of its own commitment.</summary>
    public bool Content { get; init; }

    /// <summary>Which contents are disclosed, as records and the members that commit to them; null for all that were kept.</summary>
    public IReadOnlySet<(RecordId Record, string Member)>? Chosen { get; init; }

    /// <summary>
    /// Whether policy decisions can be recomputed from the bundle: then their inputs are disclosed where they were kept, whatever
    /// <see cref="Content"/> says, and the policy bundles and the engine that they name come along as far as they are here. Null: not.
    /// </summary>
    public IDecisionMaterial? Decisions { get; init; }

    /// <summary>
    /// Whether report.html, for people to read, and verify.html, the second verifier, come into it. The report is made of the
    /// verified bundle, with the whole trail in memory.
    /// </summary>
    public bool Pages { get; init; } = true;

    /// <summary>How long to wait for a checkpoint that covers the trail.</summary>
    public TimeSpan CheckpointTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The clock for the manifest's creation time.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>What was exported.</summary>
/// <param name="Trace">The trail.</param>
/// <param name="Path">The bundle's file.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Statements">Statements in it.</param>
/// <param name="Records">Records in it.</param>
/// <param name="Contents">Contents disclosed.</param>
/// <param name="CheckpointSize">Size of the tree that it is proven under.</param>
public sealed record BundleSummary(TraceId Trace, string Path, long Bytes, long Statements, long Records, long Contents, long CheckpointSize)
{
    /// <summary>The checkpoint itself, with the cosignatures that it had.</summary>
    public required SignedNote Checkpoint { get; init; }
}

/// <summary>A trail can't be exported.</summary>
public sealed class BundleExportException(string message, Exception? innerException = null) : Exception(message, innerException);
