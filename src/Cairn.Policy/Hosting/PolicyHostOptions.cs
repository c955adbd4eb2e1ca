using Cairn.Evidence;

namespace Cairn.Policy;

/// <summary>Which bundle is decided under, and who is told when it changes.</summary>
public sealed record PolicyHostOptions
{
    /// <summary>A bundle's folder, a sealed bundle, or a data directory with a policy store.</summary>
    public required string Path { get; init; }

    /// <summary>Whether decisions bind; null: as the store says, and where it says nothing, as the bundle says.</summary>
    public PolicyMode? Mode { get; init; }

    /// <summary>Whether a changed bundle is taken into use by itself.</summary>
    public bool Watch { get; init; } = true;

    /// <summary>Awaited before a new bundle decides anything, and after one was rejected. If it throws for a new bundle, the old one stays.</summary>
    public Func<BundleChange, CancellationToken, ValueTask>? Changing { get; init; }

    /// <summary>The clock that durations and the watch go by.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where a line is written about each change that was not asked for.</summary>
    public TextWriter Log { get; init; } = TextWriter.Null;
}

/// <summary>A bundle is about to be used, or was rejected.</summary>
/// <param name="Loaded">True: it is about to be used. False: it can't be, and the one in use stays.</param>
/// <param name="Digest">The bundle's digest; null where its files can't be read.</param>
/// <param name="Name">Its name; null where it can't be read.</param>
/// <param name="Version">Its version; null where it can't be read.</param>
/// <param name="Mode">Whether its decisions bind.</param>
/// <param name="Replaces">The digest of the one in use until now; null when there is none.</param>
/// <param name="Errors">Why it was rejected, with file and line.</param>
/// <param name="Engine">What evaluates it.</param>
public sealed record BundleChange(
    bool Loaded, Digest? Digest, string? Name, string? Version, PolicyMode Mode, Digest? Replaces, IReadOnlyList<string> Errors, PolicyEngine Engine);
