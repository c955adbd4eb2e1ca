using Cairn.Policy.Bundles;
using Cairn.Policy.Evaluation;

namespace Cairn.Policy.Checking;

/// <summary>What a case expects. What it does not name may be anything, but for errors: a case that does not expect them fails on any.</summary>
public sealed record PolicyExpectation
{
    /// <summary>The outcome.</summary>
    public PolicyOutcome Outcome { get; init; }

    /// <summary>The policies that decide, in any order; null: any.</summary>
    public IReadOnlyList<string>? Determining { get; init; }

    /// <summary>Who may approve, in any order; null: anybody.</summary>
    public IReadOnlyList<string>? Approvers { get; init; }

    /// <summary>The credential; empty: none may be granted; null: any.</summary>
    public string? Credential { get; init; }

    /// <summary>Whether the evaluation must fail.</summary>
    public bool Errors { get; init; }

    internal static PolicyExpectation Read(JsonPlace place)
    {
        var members = place.Members("decision", "determining", "approvers", "credential", "errors");
        if (!members.TryGetValue("decision", out var decision))
        {
            place.Problem("expected the member decision, found none");
        }

        return new PolicyExpectation
        {
            Outcome = members.ContainsKey("decision")
                ? decision.OneOf(("deny", PolicyOutcome.Deny), ("allow", PolicyOutcome.Allow), ("needs_approval", PolicyOutcome.NeedsApproval)) : PolicyOutcome.Deny,
            Determining = members.TryGetValue("determining", out var determining) ? determining.Texts() : null,
            Approvers = members.TryGetValue("approvers", out var approvers) ? approvers.Texts() : null,
            Credential = members.TryGetValue("credential", out var credential) ? credential.Text() : null,
            Errors = members.TryGetValue("errors", out var errors) && errors.Flag(),
        };
    }

    /// <summary>What is other than expected, in words; empty: nothing.</summary>
    public IReadOnlyList<string> Compare(PolicyEvaluation found)
    {
        ArgumentNullException.ThrowIfNull(found);
        var differences = new List<string>();
        void Expect(string what, string expected, string actual)
        {
            if (expected != actual)
            {
                differences.Add($"expected {what} {expected}, found {actual}");
            }
        }

        Expect("decision", OutcomeNames.Of(Outcome), OutcomeNames.Of(found.Outcome));
        if (Determining is not null)
        {
            Expect("determining", Set(Determining), Set(found.Determining));
        }

        if (Approvers is not null)
        {
            Expect("approvers", Set(Approvers), Set(found.Approvers));
        }

        if (Credential is not null)
        {
            Expect("credential", Credential.Length == 0 ? "none" : Credential, found.Credential?.Name ?? "none");
        }

        if (Errors != found.Errors.Count > 0)
        {
            differences.Add(Errors ? "expected errors, found none" : $"expected no errors, found: {string.Join("; ", found.Errors)}");
        }

        if (differences.Count > 0)
        {
            differences.Add($"because: {found.Reason}{(found.RequestErrors.Count > 0 ? $" ({string.Join("; ", found.RequestErrors)})" : "")}");
        }

        return differences;
    }

    private static string Set(IEnumerable<string> names) => "[" + string.Join(", ", names.Order(StringComparer.Ordinal)) + "]";
}

/// <summary>The outcomes as records and files write them.</summary>
public static class OutcomeNames
{
    /// <summary>allow, deny or needs_approval.</summary>
    public static string Of(PolicyOutcome outcome) => outcome switch
    {
        PolicyOutcome.Allow => "allow",
        PolicyOutcome.NeedsApproval => "needs_approval",
        _ => "deny",
    };
}
