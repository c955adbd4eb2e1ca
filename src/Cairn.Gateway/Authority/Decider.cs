using System.Diagnostics.CodeAnalysis;
using Cairn.Evidence;
using Cairn.Policy;

namespace Cairn.Gateway.Authority;

/// <summary>Asks the decision point, and turns whatever it does wrong into a denial that says so.</summary>
internal sealed class Decider(IPolicyDecisionPoint policy, ActionPipelineOptions options)
{
    private static readonly byte[] NoInput = "{}"u8.ToArray();

    private PolicyDecision? _last;

    /// <summary>Decides about an action.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever the decision point throws is a denial, recorded with its type: nothing may pass because it failed.")]
    public async ValueTask<PolicyDecision> DecideAsync(ProposedAction action, bool approved, CancellationToken cancellationToken)
    {
        var started = options.Time.GetTimestamp();
        try
        {
            var pending = policy.DecideAsync(RequestOf(action, approved), cancellationToken);
            return _last = pending.IsCompletedSuccessfully
                ? pending.Result
                : await pending.AsTask().WaitAsync(options.DecisionTimeout, options.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (TimeoutException)
        {
            return Failed($"no decision within {options.DecisionTimeout.TotalSeconds:0.###} s", options.Time.GetElapsedTime(started));
        }
        catch (Exception e)
        {
            return Failed($"the decision point failed: {e.GetType().Name}", options.Time.GetElapsedTime(started));
        }
    }

    /// <summary>Under the bundle and in the mode of the last decision, where there was one: enforced, where nobody knows better.</summary>
    private PolicyDecision Failed(string error, TimeSpan duration) => new()
    {
        Outcome = PolicyOutcome.Deny,
        Mode = _last?.Mode ?? PolicyMode.Enforce,
        Bundle = _last?.Bundle ?? default,
        Version = _last?.Version ?? "unknown",
        // Nothing was evaluated: whoever recomputes decisions must not take the empty input for what was asked.
        EntryPoint = "none",
        Input = NoInput,
        KeepInput = Evidence.Records.ContentHandling.Full,
        Errors = [error],
        Reason = "policy could not be evaluated",
        Engine = _last?.Engine ?? new PolicyEngine("unknown", "unknown", default),
        Duration = duration,
    };

    private AuthorizationRequest RequestOf(ProposedAction action, bool approved) => new()
    {
        Principal = action.Caller.Agent,
        DelegationChain = action.Caller.DelegationChain,
        Owner = action.Caller.Owner,
        Authenticated = action.Caller.Authenticated,
        ActionType = action.Type,
        ActionName = action.Name,
        Resource = action.Resource,
        Server = action.Server,
        Writes = action.Writes,
        Scopes = action.Caller.Scopes,
        Trace = action.Trace,
        Depth = action.Caller.DelegationChain.Count,
        Time = options.Time.GetUtcNow(),
        Arguments = !action.Arguments.IsEmpty ? action.Arguments : IsJson(action.InputMedia) ? action.Input : default,
        Approved = approved,
    };

    private static bool IsJson(string media) =>
        media.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) || media.Split(';')[0].EndsWith("+json", StringComparison.OrdinalIgnoreCase);
}
