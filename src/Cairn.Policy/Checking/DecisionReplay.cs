using Cairn.Evidence;
using Cairn.Policy.Bundles;
using Cairn.Policy.Engine;
using Cairn.Policy.Evaluation;

namespace Cairn.Policy.Checking;

/// <summary>A member of a decision's record that recomputing gives otherwise.</summary>
/// <param name="Member">Its name in the record.</param>
/// <param name="Recorded">What the record says.</param>
/// <param name="Recomputed">What input, bundle and engine give.</param>
public sealed record DecisionDifference(string Member, string Recorded, string Recomputed);

/// <summary>A recorded decision and what recomputing it gave.</summary>
/// <param name="Recorded">The decision as recorded.</param>
/// <param name="Differences">What differs; empty when nothing does, or when it could not be recomputed.</param>
/// <param name="WhyNot">Why it could not be recomputed, in words; null when it was.</param>
public sealed record ReplayedDecision(RecordedDecision Recorded, IReadOnlyList<DecisionDifference> Differences, string? WhyNot);

/// <summary>
/// Recomputes recorded decisions from their recorded input, bundle and engine. A decision is recomputed by exactly the engine
/// that made it, or not at all: another one's answer says nothing about whether the record is true.
/// </summary>
/// <param name="module">The engine at hand.</param>
/// <param name="bundles">Finds a sealed bundle by its digest; null where it isn't there.</param>
/// <param name="asRecorded">A text as a record holds it: shortened, and without what looks secret.</param>
public sealed class DecisionReplay(CedarModule module, Func<Digest, BundleFiles?> bundles, Func<string, string> asRecorded) : IDisposable
{
    private readonly Dictionary<string, (PolicyEvaluator? Evaluator, string? WhyNot)> _evaluators = new(StringComparer.Ordinal);

    /// <summary>Recomputes a decision.</summary>
    public ReplayedDecision Replay(RecordedDecision recorded)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        if (recorded.Input is not { } input)
        {
            return new ReplayedDecision(recorded, [], recorded.WhyNoInput ?? "the input is not there");
        }

        var engine = module.Identity;
        if (recorded.EngineDigest != $"sha256:{engine.Digest}")
        {
            return new ReplayedDecision(recorded, [], $"it was decided by {recorded.Engine} ({Start(recorded.EngineDigest)}), and this program has {engine.Name} {engine.Version} ({Start($"sha256:{engine.Digest}")})");
        }

        var (evaluator, whyNot) = EvaluatorOf(recorded.Bundle);
        return evaluator is null
            ? new ReplayedDecision(recorded, [], whyNot)
            : new ReplayedDecision(recorded, Compare(recorded, evaluator.Bundle, evaluator.Evaluate(input)), null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (evaluator, _) in _evaluators.Values)
        {
            evaluator?.Dispose();
        }
    }

    private List<DecisionDifference> Compare(RecordedDecision recorded, PolicyBundle bundle, PolicyEvaluation evaluation)
    {
        var differences = new List<DecisionDifference>();
        void Check(string member, string was, string is_)
        {
            if (was != is_)
            {
                differences.Add(new DecisionDifference(member, was, is_));
            }
        }

        Check("decision", OutcomeNames.Of(recorded.Outcome), OutcomeNames.Of(evaluation.Outcome));
        Check("determining", Listed(recorded.Determining), Listed(AsRecorded(evaluation.Determining)));
        Check("errors", Listed(recorded.Errors), Listed(AsRecorded(evaluation.Errors)));
        Check("obligations", Listed(recorded.Obligations), Listed(AsRecorded(evaluation.Obligations)));
        Check("reason", recorded.Reason, asRecorded(evaluation.Reason));
        Check("version", recorded.Version, bundle.Manifest.Version);
        return differences;
    }

    private (PolicyEvaluator?, string?) EvaluatorOf(string digest)
    {
        if (!_evaluators.TryGetValue(digest, out var known))
        {
            known = _evaluators[digest] = Open(digest);
        }

        return known;
    }

    private (PolicyEvaluator?, string?) Open(string text)
    {
        try
        {
            if (!text.StartsWith("sha256:", StringComparison.Ordinal) || bundles(Digest.ParseHex(text[7..])) is not { } files)
            {
                return (null, $"the bundle {text} is not there");
            }

            return (new PolicyEvaluator(PolicyBundle.Load(files, module), module, instances: 1), null);
        }
        catch (EvidenceFormatException)
        {
            return (null, $"the record names no bundle: \"{text}\"");
        }
        catch (PolicyBundleException problem)
        {
            return (null, $"the bundle {text} can't be used: {problem.Message}");
        }
    }

    // A record lists the first 32 of many (docs/spec/policy-bundle.md).
    private IEnumerable<string> AsRecorded(IReadOnlyList<string> texts) => RecordedTexts.Listed(texts, asRecorded);

    private static string Listed(IEnumerable<string> texts) => string.Join(", ", texts);

    private static string Start(string digest) => digest.Length > 19 ? digest[..19] + "…" : digest.Length == 0 ? "of unknown code" : digest;
}
