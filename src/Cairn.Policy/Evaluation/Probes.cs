using Cairn.Evidence;
using Cairn.Policy.Bundles;

namespace Cairn.Policy.Evaluation;

/// <summary>A plain request of an action: all that every request has, and no arguments.</summary>
internal static class Probes
{
    public static byte[] Of(string action, BundleManifest manifest) => DecisionInput.Write(
        new AuthorizationRequest
        {
            Principal = SpiffeId.Parse("spiffe://probe.invalid/agent"),
            DelegationChain = ["user:probe"],
            ActionType = action,
            ActionName = "probe",
            Resource = "probe://probe.invalid/probe",
            Server = "probe.invalid",
            Writes = true,
            Trace = TraceId.Parse("00000000000000000000000000000001"),
            Time = DateTimeOffset.UnixEpoch,
        },
        manifest);
}
