using Cairn.Evidence;
using Cairn.Gateway.Authority;
using Cairn.Sdk;

namespace Cairn.Gateway.Egress;

/// <summary>What every connection of a proxy works with.</summary>
internal sealed record ProxyWork(ProxyOptions Options, ActionPipeline Pipeline, EvidenceOutlet Outlet, ITrailKeys Keys, ProxyParts Parts, Upstream Upstream)
{
    /// <summary>The trace context of a request; one that is given twice or is none counts for nothing (W3C Trace Context §2.2).</summary>
    public static TraceParent? CallerOf(MessageHead head) =>
        head["traceparent"].ToList() is [var text] && TraceParent.TryParse(text, out var caller) ? caller : null;

    /// <summary>The status that a refused request gets: the caller must not do it, or can't now.</summary>
    public static byte[] Refused(ActionRefusal refusal) => ProxyAnswer.Problem(refusal.Code == "evidence_unavailable" ? 503 : 403, refusal.Code, refusal.Message);
}
