using Cairn.Policy.Bundles;
using Cairn.Policy.Engine;
using Cairn.Policy.Evaluation;

namespace Cairn.Policy.Checking;

/// <summary>How one case came out.</summary>
/// <param name="Case">The case.</param>
/// <param name="Found">What the bundle decided.</param>
/// <param name="Differences">What is other than expected; empty: it passed.</param>
public sealed record PolicyCaseResult(PolicyCase Case, PolicyEvaluation Found, IReadOnlyList<string> Differences)
{
    /// <summary>Whether it came out as expected.</summary>
    public bool Passed => Differences.Count == 0;
}

/// <summary>Runs a bundle's own test cases, through the same evaluation that decides at request time.</summary>
public static class PolicyTestRun
{
    /// <summary>Runs all cases.</summary>
    /// <exception cref="PolicyBundleException">A file of cases can't be understood.</exception>
    public static IReadOnlyList<PolicyCaseResult> Run(PolicyBundle bundle, CedarModule module)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        var problems = new List<PolicyProblem>();
        var cases = PolicyCase.Read(bundle.Files, problems);
        if (problems.Count > 0)
        {
            throw new PolicyBundleException(problems);
        }

        using var evaluator = new PolicyEvaluator(bundle, module, instances: 1);
        return [.. cases.Select(c =>
        {
            var found = evaluator.Evaluate(DecisionInput.Write(c.Request, bundle.Manifest));
            return new PolicyCaseResult(c, found, c.Expected.Compare(found));
        })];
    }
}
