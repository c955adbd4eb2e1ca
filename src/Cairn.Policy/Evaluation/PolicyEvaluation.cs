using Cairn.Evidence.Records;

namespace Cairn.Policy.Evaluation;

/// <summary>What an input document comes to under a bundle: a function of both and of the engine, and of nothing else.</summary>
public sealed record PolicyEvaluation
{
    /// <summary>How the error of a decision begins whose input document is none.</summary>
    internal const string NoInputDocument = "the input is no decision's input document (docs/spec/policy-bundle.md §5)";

    /// <summary>The outcome.</summary>
    public required PolicyOutcome Outcome { get; init; }

    /// <summary>Ids of the policies that decided, in order.</summary>
    public IReadOnlyList<string> Determining { get; init; } = [];

    /// <summary>What went wrong; not empty means deny. Free of values from the request, except where the policy's own words have them.</summary>
    public IReadOnlyList<string> Errors { get; init; } = [];

    /// <summary>The engine's own words about a request that does not fit the schema: for whoever writes the policy, never for records.</summary>
    public IReadOnlyList<string> RequestErrors { get; init; } = [];

    /// <summary>Whether the engine came to no answer: such a denial need not come out the same elsewhere.</summary>
    public bool EngineFailed { get; init; }

    /// <summary>What is asked for beyond yes or no: <c>approval:WHO</c>, <c>credential:RULE</c>.</summary>
    public IReadOnlyList<string> Obligations { get; init; } = [];

    /// <summary>Why, in words for people.</summary>
    public required string Reason { get; init; }

    /// <summary>Who may approve.</summary>
    public IReadOnlyList<string> Approvers { get; init; } = [];

    /// <summary>How long an approval is waited for; null: the gateway's own limit.</summary>
    public TimeSpan? ApprovalTimeout { get; init; }

    /// <summary>The credential that goes with it; null: none.</summary>
    public CredentialRule? Credential { get; init; }

    /// <summary>How the input document is kept.</summary>
    public ContentHandling KeepInput { get; init; }

    /// <summary>How the action's content is kept; null: as the gateway is set.</summary>
    public ContentHandling? KeepContent { get; init; }

    /// <summary>Whether two evaluations decide the same in all that a record holds of them.</summary>
    public bool DecidesAs(PolicyEvaluation other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Outcome == other.Outcome && Reason == other.Reason && Determining.SequenceEqual(other.Determining)
            && Errors.SequenceEqual(other.Errors) && Obligations.SequenceEqual(other.Obligations);
    }
}
