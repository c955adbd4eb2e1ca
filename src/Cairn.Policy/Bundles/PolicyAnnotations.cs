namespace Cairn.Policy.Bundles;

/// <summary>What annotations mean here (docs/policy.md). One that is not known is refused: a misspelt <c>@approval</c> would let through what it was to hold.</summary>
internal static class PolicyAnnotations
{
    private static readonly HashSet<string> Known = ["id", "description", "reason", "approval", "approval_timeout", "credential"];

    public static void Check(BundlePolicy policy, BundleManifest? manifest, List<PolicyProblem> problems)
    {
        void Problem(string message) => problems.Add(new PolicyProblem(policy.File, policy.Line, 0, message));

        if (policy.Id.Length is 0 or > 128 || policy.Id.Any(c => c is <= ' ' or > '~'))
        {
            Problem(policy.Id.Length == 0
                ? "expected an annotation @id(\"…\"), by which decisions name the policy"
                : $"expected an @id of 1 to 128 printable ASCII characters without spaces, found \"{policy.Id}\"");
        }

        foreach (var name in policy.Annotations.Keys.Where(n => !Known.Contains(n)))
        {
            Problem($"unknown annotation @{name}; expected one of {string.Join(", ", Known.Select(k => "@" + k))}");
        }

        foreach (var name in (ReadOnlySpan<string>)["approval", "approval_timeout", "credential"])
        {
            if (!policy.IsPermit && policy.Annotations.ContainsKey(name))
            {
                Problem($"@{name} stands on a forbid; it belongs on a permit, because what is forbidden stays so");
            }
        }

        if (policy.Annotations.TryGetValue("approval", out var approval))
        {
            policy.Approvers = [.. approval.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct()];
            if (policy.Approvers.Count == 0)
            {
                Problem("@approval names nobody; expected groups or users, such as @approval(\"group:finance, user:alice\")");
            }
        }

        if (policy.Annotations.TryGetValue("approval_timeout", out var timeout))
        {
            policy.ApprovalTimeout = Durations.TryParse(timeout, out var duration) ? duration : null;
            if (policy.ApprovalTimeout is null || policy.Approvers.Count == 0)
            {
                Problem($"expected @approval_timeout(\"15m\") beside an @approval, found \"{timeout}\"");
            }
        }

        if (policy.Credential is { } credential && manifest?.Credentials.ContainsKey(credential) == false)
        {
            Problem($"@credential(\"{credential}\") names no member of credentials in {BundleFiles.Manifest}");
        }
    }
}
