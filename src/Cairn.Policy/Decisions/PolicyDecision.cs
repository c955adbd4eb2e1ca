using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Policy;

/// <summary>The three outcomes.</summary>
public enum PolicyOutcome
{
    /// <summary>The act must not happen. Also the outcome of every error and timeout.</summary>
    Deny,

    /// <summary>The act may happen.</summary>
    Allow,

    /// <summary>The act may happen once a human has approved exactly it.</summary>
    NeedsApproval,
}

/// <summary>Whether decisions bind.</summary>
public enum PolicyMode
{
    /// <summary>They do.</summary>
    Enforce,

    /// <summary>They are recorded and nothing else.</summary>
    Shadow,
}

/// <summary>The code that evaluates policies.</summary>
/// <param name="Name">Such as <c>cedar</c>.</param>
/// <param name="Version">Its own version.</param>
/// <param name="Digest">SHA-256 of the code as run.</param>
public sealed record PolicyEngine(string Name, string Version, Digest Digest);

/// <summary>A decision and all that it rests on: what <c>policy.decided</c> holds.</summary>
public sealed record PolicyDecision
{
    /// <summary>What was decided.</summary>
    public required PolicyOutcome Outcome { get; init; }

    /// <summary>Whether it binds.</summary>
    public required PolicyMode Mode { get; init; }

    /// <summary>Digest of the sealed bundle.</summary>
    public required Digest Bundle { get; init; }

    /// <summary>The bundle's version.</summary>
    public required string Version { get; init; }

    /// <summary>What was asked of the bundle, such as <c>authorize</c>.</summary>
    public required string EntryPoint { get; init; }

    /// <summary>The exact input document, UTF-8 JSON: evaluating it again gives the same decision.</summary>
    public required ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>How the input is kept, by the bundle's capture rules.</summary>
    public ContentHandling KeepInput { get; init; }

    /// <summary>How the action's own content is to be kept, by the bundle's capture rules; null: as the gateway is set.</summary>
    public ContentHandling? KeepContent { get; init; }

    /// <summary>Ids of the policies that decided.</summary>
    public IReadOnlyList<string> Determining { get; init; } = [];

    /// <summary>What went wrong in the evaluation; not empty means deny.</summary>
    public IReadOnlyList<string> Errors { get; init; } = [];

    /// <summary>What the policies that decided ask for beyond yes or no, such as <c>approval:group:finance</c>.</summary>
    public IReadOnlyList<string> Obligations { get; init; } = [];

    /// <summary>Why, in words that may be shown to the caller.</summary>
    public required string Reason { get; init; }

    /// <summary>Who may approve, where the outcome is <see cref="PolicyOutcome.NeedsApproval"/>.</summary>
    public IReadOnlyList<string> Approvers { get; init; } = [];

    /// <summary>How long an approval is waited for; null: the gateway's own limit.</summary>
    public TimeSpan? ApprovalTimeout { get; init; }

    /// <summary>The credential that the action gets, by the bundle's credential rules; null: none.</summary>
    public CredentialRule? Credential { get; init; }

    /// <summary>What evaluated.</summary>
    public required PolicyEngine Engine { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Duration { get; init; }
}

/// <summary>Which credential an action gets.</summary>
/// <param name="Name">The rule's name in the bundle.</param>
/// <param name="Audience">For whom it is issued.</param>
/// <param name="Scope">What it permits; never more than the caller's own.</param>
/// <param name="Ttl">Longest lifetime.</param>
/// <param name="PerTask">One for the whole task rather than one for each call.</param>
public sealed record CredentialRule(string Name, string Audience, IReadOnlyList<string> Scope, TimeSpan Ttl, bool PerTask);
