using Cairn.Evidence.Checkpoints;

namespace Cairn.Evidence.Trust;

/// <summary>What a policy says of a signed checkpoint. <see cref="Failures"/> is empty exactly when it is accepted.</summary>
/// <param name="Failures">Each names the key or the quorum, what was expected and what was found.</param>
/// <param name="LogKeys">The log keys that signed.</param>
/// <param name="Witnesses">The policy's witnesses that cosigned, with their times.</param>
public sealed record CheckpointVerdict(
    IReadOnlyList<string> Failures,
    IReadOnlyList<VerifierKey> LogKeys,
    IReadOnlyList<(string Name, DateTimeOffset? Time)> Witnesses)
{
    /// <summary>Whether the checkpoint is accepted.</summary>
    public bool Accepted => Failures.Count == 0;

    /// <summary>The one of the failures that says that the quorum is not met; null when it is, or none is asked for.</summary>
    public string? QuorumFailure { get; init; }
}
