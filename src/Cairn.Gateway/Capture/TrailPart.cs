using Cairn.Evidence;

namespace Cairn.Gateway.Capture;

/// <summary>This gateway's part of one trail: from its <c>task.started</c> to its <c>task.ended</c>.</summary>
/// <param name="trace">The trail.</param>
/// <param name="caller">The caller's span that this part is a child of; null when this run is the trail's root.</param>
internal sealed class TrailPart(TraceId trace, SpanId? caller)
{
    public TraceId Trace { get; } = trace;

    /// <summary>The span of this part, parent of what has no closer one.</summary>
    public SpanId Task { get; } = SpanId.New();

    public SpanId? Caller { get; } = caller;

    public bool IsRoot => Caller is null;

    /// <summary>The run's own trail, and not one that a request named.</summary>
    public bool IsMain { get; init; }

    /// <summary>Actions of this part that are not completed.</summary>
    public int OpenActions { get; set; }

    /// <summary>The newest context that this trail holds already.</summary>
    public long ContextSeen { get; set; }

    /// <summary>Rises with every use: the part with the lowest was idle longest.</summary>
    public long LastUsed { get; set; }
}
