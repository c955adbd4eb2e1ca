namespace Cairn.Policy;

/// <summary>Decides at request time.</summary>
public interface IPolicyDecisionPoint
{
    /// <summary>
    /// Decides. Each call is decided under one bundle, the one in use when it came in. It does not throw for what goes
    /// wrong in evaluation: errors, timeouts and a failed engine are denials that say so.
    /// </summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    ValueTask<PolicyDecision> DecideAsync(AuthorizationRequest request, CancellationToken cancellationToken);
}
