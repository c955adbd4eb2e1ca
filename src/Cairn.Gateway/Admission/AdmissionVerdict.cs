using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;

namespace Cairn.Gateway.Admission;

/// <summary>What the pipeline said about a message.</summary>
internal abstract record AdmissionVerdict
{
    private AdmissionVerdict()
    {
    }

    /// <summary>It may pass; its evidence is durable.</summary>
    /// <param name="Permits">One for each of its actions.</param>
    internal sealed record Admitted(IReadOnlyList<ActionPermit> Permits) : AdmissionVerdict;

    /// <summary>It must not pass, and its sender is told why.</summary>
    /// <param name="Refusal">Why.</param>
    /// <param name="Action">Id of the refused action's <c>action.requested</c>; null where none is recorded.</param>
    /// <param name="Permitted">Its other actions, which were permitted and will not be done.</param>
    internal sealed record Refused(ActionRefusal Refusal, string? Action, IReadOnlyList<OpenAction> Permitted) : AdmissionVerdict;

    /// <summary>It was withdrawn before it could pass; that is recorded.</summary>
    internal sealed record Withdrawn : AdmissionVerdict;
}
