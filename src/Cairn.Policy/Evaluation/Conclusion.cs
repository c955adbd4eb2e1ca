using System.Text.Json;
using Cairn.Policy.Bundles;

namespace Cairn.Policy.Evaluation;

/// <summary>Draws the conclusion from Cedar's answer: the third outcome, obligations, and words (docs/spec/policy-bundle.md §7).</summary>
internal static class Conclusion
{
    private const string NotEvaluated = "policy could not be evaluated";

    /// <param name="bundle">The bundle.</param>
    /// <param name="input">What was asked.</param>
    /// <param name="answer">Cedar's <c>AuthorizationAnswer</c>.</param>
    public static PolicyEvaluation Of(PolicyBundle bundle, DecisionInput input, JsonElement answer)
    {
        if (answer.GetProperty("type").GetString() != "success")
        {
            var messages = answer.GetProperty("errors").EnumerateArray().Select(e => e.GetProperty("message").GetString() ?? "").ToList();
            return Error(bundle, input, messages.Select(m => EngineMessages.OfRequest(input.ActionType, m)).Order(StringComparer.Ordinal)) with { RequestErrors = messages };
        }

        var response = answer.GetProperty("response");
        var diagnostics = response.GetProperty("diagnostics");
        var determining = diagnostics.GetProperty("reason").EnumerateArray().Select(r => bundle.ById[r.GetString()!]).OrderBy(p => p.Id, StringComparer.Ordinal).ToList();
        var errors = diagnostics.GetProperty("errors").EnumerateArray()
            .Select(e => EngineMessages.OfPolicy(e.GetProperty("policyId").GetString()!, e.GetProperty("error").GetProperty("message").GetString() ?? ""))
            .Order(StringComparer.Ordinal).ToList();
        if (errors.Count > 0)
        {
            return Error(bundle, input, errors) with { Determining = Ids(determining) };
        }

        return response.GetProperty("decision").GetString() == "allow"
            ? Permitted(bundle, input, determining)
            : Plain(bundle, input, PolicyOutcome.Deny, determining, determining.Count == 0 ? "no policy permits it" : $"forbidden by {Listed(determining)}");
    }

    /// <summary>A denial because something went wrong.</summary>
    public static PolicyEvaluation Error(PolicyBundle bundle, DecisionInput? input, IEnumerable<string> errors)
    {
        var (keepInput, keepContent) = input is null ? default : bundle.Manifest.CaptureOf(input.ActionType, input.Server, input.ActionName);
        return new PolicyEvaluation
        {
            Outcome = PolicyOutcome.Deny,
            Errors = [.. errors],
            Reason = NotEvaluated,
            KeepInput = keepInput,
            KeepContent = keepContent,
        };
    }

    private static PolicyEvaluation Permitted(PolicyBundle bundle, DecisionInput input, List<BundlePolicy> permits)
    {
        var asking = permits.FindAll(p => p.Approvers.Count > 0);
        if (asking.Count > 0 && !input.Approved)
        {
            return Approval(bundle, input, permits, asking);
        }

        var granted = permits.Select(p => p.Credential).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        if (granted.Count > 1)
        {
            return Error(bundle, input, [$"the policies that permit it grant different credentials: {string.Join(", ", granted)}"]) with { Determining = Ids(permits) };
        }

        var allowed = Plain(bundle, input, PolicyOutcome.Allow, permits, $"permitted by {Listed(permits)}");
        return granted is [var credential]
            ? allowed with { Credential = bundle.Manifest.Credentials[credential], Obligations = [$"credential:{credential}"] }
            : allowed;
    }

    /// <summary>Whoever approves has to be somebody whom every asking policy accepts, within the shortest of their times.</summary>
    private static PolicyEvaluation Approval(PolicyBundle bundle, DecisionInput input, List<BundlePolicy> permits, List<BundlePolicy> asking)
    {
        var approvers = asking[0].Approvers.Where(a => asking.TrueForAll(p => p.Approvers.Contains(a))).ToList();
        if (approvers.Count == 0)
        {
            return Error(bundle, input, [$"the policies {Listed(asking)} ask for approval by different people"]) with { Determining = Ids(permits) };
        }

        var limits = asking.Select(p => p.ApprovalTimeout ?? bundle.Manifest.ApprovalTimeout).OfType<TimeSpan>().ToList();
        return Plain(bundle, input, PolicyOutcome.NeedsApproval, permits, $"needs approval by {string.Join(" or ", approvers)}", asking) with
        {
            Approvers = approvers,
            ApprovalTimeout = limits.Count == 0 ? null : limits.Min(),
            Obligations = [.. approvers.Select(a => $"approval:{a}")],
        };
    }

    private static PolicyEvaluation Plain(
        PolicyBundle bundle, DecisionInput input, PolicyOutcome outcome, List<BundlePolicy> determining, string otherwise, List<BundlePolicy>? speaking = null)
    {
        var reasons = (speaking ?? determining).Select(p => p.Reason).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        var (keepInput, keepContent) = bundle.Manifest.CaptureOf(input.ActionType, input.Server, input.ActionName);
        return new PolicyEvaluation
        {
            Outcome = outcome,
            Determining = Ids(determining),
            Reason = reasons.Count == 0 ? otherwise : string.Join("; ", reasons),
            KeepInput = keepInput,
            KeepContent = keepContent,
        };
    }

    private static IReadOnlyList<string> Ids(List<BundlePolicy> policies) => [.. policies.Select(p => p.Id)];

    private static string Listed(List<BundlePolicy> policies) => string.Join(", ", policies.Select(p => p.Id));
}
