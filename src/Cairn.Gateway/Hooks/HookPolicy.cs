using Cairn.Policy;

namespace Cairn.Gateway.Hooks;

/// <summary>A decision point for one hook call: remembers what it decided, and waits for no approval longer than the agent waits for the hook.</summary>
internal sealed class HookPolicy(IPolicyDecisionPoint policy, TimeSpan longestWait) : IPolicyDecisionPoint
{
    /// <summary>What was decided last; null before.</summary>
    public PolicyDecision? Last { get; private set; }

    public async ValueTask<PolicyDecision> DecideAsync(AuthorizationRequest request, CancellationToken cancellationToken)
    {
        var decision = await policy.DecideAsync(request, cancellationToken).ConfigureAwait(false);
        return Last = decision with
        {
            ApprovalTimeout = decision.ApprovalTimeout is { } timeout && timeout < longestWait ? timeout : longestWait,
        };
    }
}
