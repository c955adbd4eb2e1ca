using Cairn.Evidence;

namespace Cairn.Gateway.Capture;

/// <summary>A trail has no key, so nothing can be committed to in it: no evidence, no act.</summary>
internal sealed class TrailKeyException(TraceId trace, Exception inner)
    : Exception($"trail {trace} has no key: {inner.Message}", inner);
