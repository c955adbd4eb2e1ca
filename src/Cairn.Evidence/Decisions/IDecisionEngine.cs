namespace Cairn.Evidence.Decisions;

/// <summary>
/// Recomputes policy decisions (docs/spec/policy-bundle.md §6, §7). The formats know no policy engine: whoever verifies and has one
/// hands it in.
/// </summary>
public interface IDecisionEngine
{
    /// <summary>Whether the engine whose code has this SHA-256 is at hand.</summary>
    bool Has(Digest engine);

    /// <summary>What an input document comes to under a policy bundle: a function of both and of the engine. Nothing about them makes it throw.</summary>
    /// <param name="policy">The policy bundle's digest.</param>
    /// <param name="sealedPolicy">Its bytes, which have that digest.</param>
    /// <param name="input">The input document.</param>
    DecisionAnswer Decide(Digest policy, ReadOnlyMemory<byte> sealedPolicy, ReadOnlyMemory<byte> input);
}

/// <summary>What recomputing gave: a decision, or why there is none.</summary>
/// <param name="Decision">The decision; null when there is none.</param>
/// <param name="WhyNot">One of <see cref="DecisionReasons"/>; null when there is a decision.</param>
public sealed record DecisionAnswer(DecidedTexts? Decision, string? WhyNot)
{
    /// <summary>A decision.</summary>
    public static DecisionAnswer Of(DecidedTexts decision) => new(decision, null);

    /// <summary>None.</summary>
    public static DecisionAnswer None(string whyNot) => new(null, whyNot);
}

/// <summary>A decision in the texts that <c>policy.decided</c> has of it.</summary>
/// <param name="Decision"><c>allow</c>, <c>deny</c> or <c>needs_approval</c>.</param>
/// <param name="Determining">Ids of the policies that decided.</param>
/// <param name="Errors">What went wrong.</param>
/// <param name="Obligations">What is asked for beyond yes or no.</param>
/// <param name="Reason">Why, in words.</param>
/// <param name="Version">The policy bundle's version.</param>
public sealed record DecidedTexts(
    string Decision, IReadOnlyList<string> Determining, IReadOnlyList<string> Errors, IReadOnlyList<string> Obligations, string Reason, string Version);
