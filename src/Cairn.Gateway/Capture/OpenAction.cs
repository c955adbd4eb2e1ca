using Cairn.Evidence;
using Cairn.Gateway.Authority;

namespace Cairn.Gateway.Capture;

/// <summary>An action whose request is recorded, or is about to be, and whose outcome is not yet.</summary>
internal sealed class OpenAction
{
    /// <summary>The part of a trail it belongs to.</summary>
    public required TrailPart Part { get; init; }

    /// <summary>What it is, and the ids of its records.</summary>
    public required ActionUnderWay Way { get; init; }

    /// <summary>The id of its <c>action.requested</c>.</summary>
    public RecordId Requested => Way.Requested;

    /// <summary>Its own span.</summary>
    public SpanId Span => Way.Span;

    /// <summary>When the caller cancelled it, by the clock's timestamps; null when it did not.</summary>
    public long? CancelRequested { get; set; }

    /// <summary>True once its outcome is recorded; an accepted task's final outcome follows later.</summary>
    public bool IsCompleted { get; set; }
}
