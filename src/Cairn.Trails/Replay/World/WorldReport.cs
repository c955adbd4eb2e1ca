using Cairn.Evidence;

namespace Cairn.Trails.Replay.World;

/// <summary>How a run differs from the recorded one.</summary>
public enum DivergenceKind
{
    /// <summary>A tool was called with other arguments.</summary>
    Arguments,

    /// <summary>Another tool was called.</summary>
    Tool,

    /// <summary>A tool was called that the recorded manifest does not have.</summary>
    Manifest,

    /// <summary>A call was made once more than recorded.</summary>
    ExtraCall,

    /// <summary>A recorded call was not made.</summary>
    MissingCall,

    /// <summary>A call was made before one that it had followed.</summary>
    Order,
}

/// <summary>One difference between a run and the recorded one.</summary>
/// <param name="Call">After how many calls of the run it showed: the call itself, or for a missing one all.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Step">The recorded call that it is about, from 1; null: none.</param>
/// <param name="Found">The call made, in a few words; null: none.</param>
/// <param name="Expected">The call recorded, in a few words; null: none.</param>
/// <param name="How">The difference as a sentence.</param>
public sealed record Divergence(int Call, DivergenceKind Kind, int? Step, string? Found, string? Expected, string How)
{
    /// <summary>The action.requested record of the recorded call; null: none.</summary>
    public RecordId? Record { get; init; }

    /// <summary>Where arguments differ, as far as they were kept.</summary>
    public IReadOnlyList<JsonDifference> Differences { get; init; } = [];
}

/// <summary>What came of a run against a recorded world. It has no times: the same run gives the same report.</summary>
/// <param name="Server">The server.</param>
/// <param name="Recorded">Calls of the recorded run.</param>
/// <param name="Made">Calls of this run.</param>
/// <param name="Answered">Calls that were answered as recorded.</param>
/// <param name="Divergences">The differences, first first.</param>
/// <param name="Limits">What the replay could not do or tell, and how often.</param>
public sealed record WorldReport(
    string Server, int Recorded, int Made, int Answered, IReadOnlyList<Divergence> Divergences, IReadOnlyList<(string What, int Count)> Limits);
